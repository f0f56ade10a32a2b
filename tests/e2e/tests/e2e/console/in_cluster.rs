//! The console in a pod of the chart, behind nginx: users log in there with a name and a password, and nginx sends along
//! the token by which the API server knows them.

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use e2e::cluster::Kind;
use e2e::install::{NAMESPACE, RELEASE, checkout};
use e2e::resources::SOURCE;
use e2e::viewer::Viewer;
use e2e::wait::{Look, until};
use e2e::world::World;
use reqwest::redirect::Policy;
use reqwest::{Client, RequestBuilder, Response, StatusCode};
use serde_json::{Value, json};

use super::form_token;
use crate::chart::{KUBERNETES, helm};

const URL: &str = "https://docmill.example.com";
const HOST: &str = "docmill.example.com";
const CONSOLE: &str = "docmill-console";
const PASSWORD: &str = "password";
const PORT: u16 = 4180;
/// Users of nginx: with the roles view and edit, with the role view, without a role, with a token that the API server does
/// not know, and without a token.
const EDITOR: &str = "editor";
const VIEWER: &str = "viewer";
const NOBODY: &str = "nobody";
const EXPIRED: &str = "expired";
const UNKNOWN: &str = "unknown";
/// Within how long a pod takes the place of another one.
const REPLACED: Duration = Duration::from_secs(30);

/// Serves the console with the rights of its users, then with rights of its own.
pub(super) async fn is_served(world: &World) -> Result<()> {
    let editor = Viewer::create(world, EDITOR, &["view", "edit"]).await?;
    let viewer = Viewer::create(world, VIEWER, &["view"]).await?;
    let nobody = Viewer::create(world, NOBODY, &[]).await?;
    let tokens = [
        (EDITOR, editor.token()),
        (VIEWER, viewer.token()),
        (NOBODY, nobody.token()),
        (EXPIRED, "no-token-of-this-cluster"),
    ];
    world.apply(&proxy_settings(world, &tokens)).await?;
    roll_out(world, "User").await?;
    let console = Proxied::find(world).await?;
    console.refuses(world).await?;
    console.shows(world).await?;
    console.creates(world).await?;
    roll_out(world, "ServiceAccount").await?;
    console.shows_the_same_to_all(world).await
}

/// Settings of nginx, and its users.
fn proxy_settings(world: &World, tokens: &[(&str, &str)]) -> Value {
    let listen = if world.env.host_address.contains(':') { format!("[::]:{PORT}") } else { PORT.to_string() };
    let map: String = tokens.iter().flat_map(|&(user, token)| [user, " \"", token, "\";\n"]).collect();
    let paths = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"];
    let paths: String = paths.iter().flat_map(|&name| [name, "_temp_path /tmp/", name, ";\n"]).collect();
    let nginx = format!(
        "daemon off;\npid /tmp/nginx.pid;\nerror_log stderr;\nevents {{}}\nhttp {{\naccess_log off;\n{paths}\
         map $remote_user $token {{\n{map}}}\n\
         server {{\nlisten {listen};\nauth_basic docmill;\nauth_basic_user_file /etc/proxy/users;\n\
         location / {{\nproxy_pass http://127.0.0.1:8001;\nproxy_set_header Host $http_host;\n\
         proxy_set_header Authorization \"Bearer $token\";\n}}\n}}\n}}\n"
    );
    let users = [EDITOR, VIEWER, NOBODY, EXPIRED, UNKNOWN];
    let users: String = users.iter().flat_map(|&user| [user, ":{PLAIN}", PASSWORD, "\n"]).collect();
    json!({
        "apiVersion": "v1", "kind": "Secret", "metadata": {"name": "proxy"},
        "stringData": {"nginx.conf": nginx, "users": users},
    })
}

/// Applies what the chart makes of the console, in the world's namespace, and waits for its pod.
async fn roll_out(world: &World, rights: &str) -> Result<()> {
    let proxy_image = std::env::var("DOCMILL_PROXY_IMAGE")
        .context("not set: DOCMILL_PROXY_IMAGE, an image with nginx. `cargo testbed env` prints one")?;
    let (repository, tag) = world.env.image.rsplit_once(':').context("the image has no tag")?;
    let container = json!({
        "image": proxy_image,
        "command": ["/usr/sbin/nginx", "-e", "stderr", "-c", "/etc/proxy/nginx.conf"],
        "readinessProbe": {"tcpSocket": {"port": PORT}, "periodSeconds": 1},
        "volumeMounts": [{"name": "proxy", "mountPath": "/etc/proxy"}, {"name": "tmp", "mountPath": "/tmp"}],
    });
    let settings = json!({"name": "proxy", "secret": {"secretName": "proxy"}});
    let volumes = json!([settings, {"name": "tmp", "emptyDir": {}}]);
    let values = json!({
        "image": {"repository": repository, "tag": tag},
        "console": {
            "enabled": true, "url": URL, "namespaces": namespaces(world, rights), "rights": rights,
            "proxy": {"container": container, "port": PORT, "volumes": volumes},
        },
    });
    let (chart, namespace) = (checkout("charts/docmill").display().to_string(), world.name.as_str());
    let template = ["template", RELEASE, &chart, "--namespace", namespace, "--kube-version", KUBERNETES];
    let template = [&template[..], &["--values", "-", "--show-only", "templates/console.yaml"]].concat();
    let rendered = helm(&template, Some(&values.to_string())).await.context("there is no helm")?;
    let objects = rendered.expect_ok("helm template")?;
    let applied = world.cluster.try_kubectl(&["apply", "--filename", "-"], Some(&objects)).await?;
    applied.expect_ok("kubectl apply")?;
    let deployment = format!("deployment/{CONSOLE}");
    let status = ["rollout", "status", &deployment, "--namespace", namespace, "--timeout=120s"];
    world.cluster.kubectl(&status).await.map(drop)
}

/// With the rights of its users, a console has a second namespace, which none of them may see.
fn namespaces<'a>(world: &'a World, rights: &str) -> Vec<&'a str> {
    let other = (rights == "User").then_some(NAMESPACE);
    [world.name.as_str()].into_iter().chain(other).collect()
}

/// The proxy, as this machine reaches it.
struct Proxied {
    http: Client,
    base: String,
}

impl Proxied {
    async fn find(world: &World) -> Result<Self> {
        let ip = ["get", "service", CONSOLE, "--namespace", &world.name, "--output"];
        let ip = [&ip[..], &["jsonpath={.spec.clusterIP}"]].concat();
        let ip: IpAddr = world.cluster.kubectl(&ip).await?.trim().parse().context("no address")?;
        let http = Client::builder().redirect(Policy::none()).no_proxy().build()?;
        let found = Self { http, base: format!("http://{}", SocketAddr::new(ip, 80)) };
        // The node learns of the pod a moment after it is ready.
        until("an answer of the proxy", REPLACED, async || {
            let answer = found.get("/").header("host", HOST).send().await;
            Ok(Look::holds(answer.is_ok(), format!("{answer:?}")))
        })
        .await?;
        Ok(found)
    }

    /// A request of nobody yet.
    fn get(&self, path: &str) -> RequestBuilder {
        self.http.get(format!("{}{path}", self.base))
    }

    async fn asks_for_a_login(&self, path: &str) -> Result<()> {
        let answer = self.get(path).header("host", HOST).send().await?;
        ensure!(answer.status() == StatusCode::UNAUTHORIZED, "{answer:?}");
        Ok(())
    }

    async fn page(&self, user: &str, path: &str) -> Result<(StatusCode, String)> {
        let answer = self.get(path).header("host", HOST).basic_auth(user, Some(PASSWORD)).send().await?;
        Ok((answer.status(), answer.text().await?))
    }

    async fn has(&self, user: &str, path: &str, status: StatusCode, part: &str) -> Result<String> {
        let (found, text) = self.page(user, path).await?;
        let is_expected = found == status && text.contains(part);
        ensure!(is_expected, "{user} {path}: {found}, and not {status} with {part}: {text}");
        Ok(text)
    }

    /// Who has not logged in, or whom the API server does not know or does not let look, sees nothing.
    async fn refuses(&self, world: &World) -> Result<()> {
        let overview = overview(world);
        for path in ["/", overview.as_str()] {
            self.asks_for_a_login(path).await?;
            let refused = StatusCode::UNAUTHORIZED;
            self.has(UNKNOWN, path, refused, "you are not logged in to the cluster").await?;
            self.has(EXPIRED, path, refused, "The cluster does not accept your login").await?;
        }
        let refused = StatusCode::FORBIDDEN;
        let text = self.has(NOBODY, &overview, refused, "You may not see this namespace").await?;
        ensure!(!text.contains(&source_link()), "{text}");
        let text = self.has(NOBODY, "/", StatusCode::OK, "There is no namespace here").await?;
        ensure!(!text.contains(&world.name), "{text}");
        let foreign = self.get(&overview).header("host", "evil.example");
        let foreign = foreign.basic_auth(EDITOR, Some(PASSWORD)).send().await?;
        ensure!(foreign.status() == StatusCode::FORBIDDEN, "{foreign:?}");
        Ok(())
    }

    /// Two users with different roles see different things.
    async fn shows(&self, world: &World) -> Result<()> {
        let source = source_page(world);
        for (user, part) in [(EDITOR, "Audit…"), (VIEWER, "You may look and not create runs here")] {
            self.has(user, &overview(world), StatusCode::OK, &source_link()).await?;
            self.has(user, &source, StatusCode::OK, part).await?;
            let text = self.has(user, "/", StatusCode::OK, &overview(world)).await?;
            ensure!(!text.contains(NAMESPACE), "{user} is shown a namespace without a role in it: {text}");
        }
        Ok(())
    }

    async fn create(&self, user: &str, world: &World, origin: &str, token: &str) -> Result<Response> {
        let request = self.http.post(format!("{}{}/runs", self.base, source_page(world)));
        let request = request.header("host", HOST).header("origin", origin).basic_auth(user, Some(PASSWORD));
        Ok(request.body(format!("form={token}&mode=audit")).send().await?)
    }

    /// A page of another site, and a user with the form of another user, create nothing.
    async fn creates(&self, world: &World) -> Result<()> {
        let form = format!("{}/runs/new?mode=audit", source_page(world));
        let page = self.has(EDITOR, &form, StatusCode::OK, "Create the run").await?;
        let token = form_token(&page)?;
        for (user, origin) in [(EDITOR, "https://evil.example"), (VIEWER, URL)] {
            let answer = self.create(user, world, origin, token).await?;
            ensure!(answer.status() == StatusCode::FORBIDDEN, "{user} from {origin}: {answer:?}");
        }
        let runs = world.cluster.list(Kind::IngestRun, &world.name).await?;
        ensure!(runs.is_empty(), "{runs:?}");
        let answer = self.create(EDITOR, world, URL, token).await?;
        ensure!(answer.status() == StatusCode::SEE_OTHER, "{answer:?}");
        let address = answer.headers().get("location").context("no address")?.to_str()?.to_owned();
        let start = format!("{}runs/ingestrun.docmill.io/", overview(world));
        let name = address.strip_prefix(&start).with_context(|| format!("no run: {address}"))?;
        world.cluster.get(Kind::IngestRun, &world.name, name).await?;
        self.has(EDITOR, &address, StatusCode::OK, name).await.map(drop)
    }

    /// With rights of its own, the console shows everybody the same, and creates nothing for anybody.
    async fn shows_the_same_to_all(&self, world: &World) -> Result<()> {
        let source = source_page(world);
        until("the console has rights of its own", REPLACED, async || {
            let (status, text) = self.page(UNKNOWN, &overview(world)).await?;
            Ok(Look::holds(status == StatusCode::OK, text))
        })
        .await?;
        for user in [EDITOR, NOBODY, UNKNOWN] {
            self.has(user, &source, StatusCode::OK, "You may look and not create runs here").await?;
        }
        self.asks_for_a_login(&source).await
    }
}

fn overview(world: &World) -> String {
    format!("/namespaces/{}/", world.name)
}

fn source_page(world: &World) -> String {
    format!("{}sources/{SOURCE}", overview(world))
}

/// The link to the source that the overview has.
fn source_link() -> String {
    format!("href=\"sources/{SOURCE}\"")
}
