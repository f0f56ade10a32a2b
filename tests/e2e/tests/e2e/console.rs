//! `kubectl docmill console`: what its pages show of a real source, whom it answers, and the run that it creates. With
//! `DOCMILL_BROWSER`, the path of a Chromium, it opens the pages too (`console/browser.mjs`, by Node 20), and with
//! `DOCMILL_AXE` checks them by the rules of axe-core.

mod in_cluster;

use std::io::{BufRead as _, BufReader};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use e2e::articles::{Article, Fault, Form};
use e2e::cluster::Kind;
use e2e::command;
use e2e::corpus::Corpus;
use e2e::install::checkout;
use e2e::resources::SOURCE;
use e2e::wait::{Look, until};
use e2e::world::{self, World};
use reqwest::redirect::Policy;
use reqwest::{Client, StatusCode};

const BROKEN: &str = "wire/bad.xml";
const FAULT: Fault = Fault::Malformed;
/// Words that one article alone has.
const WORDS: &str = "Quokkas nibble marmalade.";
/// Within how long the Records API is reached, once it is installed.
const SERVED: Duration = Duration::from_mins(1);
/// What the browser needs: the script, the folder of the pictures.
const SCRIPT: &str = "tests/e2e/tests/e2e/console/browser.mjs";
const PICTURES: &str = "target/console";

#[tokio::test]
async fn the_console_shows_what_became_of_documents_and_creates_runs() -> Result<()> {
    world::run("console", async |world| {
        let paragraphs = vec![WORDS.to_owned()];
        let article = Article { paragraphs, ..Article::generated(&world.name, 2000) };
        let mut corpus = Corpus::generated(&world.name, Form::Nitf, 1, 0);
        corpus.add("wire/own.xml", &article, Form::Nitf);
        corpus.add_broken(BROKEN, &Article::generated(&world.name, 1000), Form::Nitf, FAULT);
        world.apply(&world.ingest_source(Form::Nitf)).await?;
        world.put(&corpus).await?;
        world.counted(2, 1).await?;

        let mut console = Console::start(world).await?;
        world.articles.refresh(&world.articles_pattern()).await?;
        shows(&console, &article.guid).await?;
        refuses(&console).await?;
        creates(world, &console).await?;
        if let Ok(browser) = std::env::var("DOCMILL_BROWSER") {
            drives(&mut console, &browser, &article.guid).await?;
        }
        Ok(())
    })
    .await
}

#[tokio::test]
async fn behind_a_proxy_everybody_sees_what_their_own_roles_show() -> Result<()> {
    world::run("proxied", async |world| {
        world.apply(&world.ingest_source(Form::Nitf)).await?;
        in_cluster::is_served(world).await
    })
    .await
}

/// A console at work, and a browser that has opened its link.
struct Console {
    child: Child,
    output: BufReader<ChildStdout>,
    http: Client,
    base: String,
    cookie: String,
}

impl Console {
    async fn start(world: &World) -> Result<Self> {
        let context = world.env.context.iter().flat_map(|context| ["--context", context]);
        let mut child = Command::new("kubectl")
            .args(["docmill", "console", "--no-open", "-n", &world.name])
            .args(context)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .context("failed to start kubectl: is it on the PATH?")?;
        let output = BufReader::new(child.stdout.take().context("the console has no output")?);
        let http = Client::builder().redirect(Policy::none()).no_proxy().build()?;
        let mut console = Self { child, output, http, base: String::new(), cookie: String::new() };
        let link = console.next_link()?;
        let (base, _) = link.split_once("/open?").with_context(|| format!("no link: {link}"))?;
        base.clone_into(&mut console.base);
        let opened = console.http.get(&link).send().await?.error_for_status()?;
        let cookie = opened.headers().get("set-cookie").context("no cookie")?.to_str()?;
        ensure!(cookie.contains("HttpOnly") && cookie.contains("SameSite=Strict"), "{cookie}");
        console.cookie = cookie.split(';').next().unwrap_or_default().to_owned();
        let again = console.http.get(&link).send().await?.status();
        ensure!(again == StatusCode::FORBIDDEN, "a link worked twice: {again}");
        Ok(console)
    }

    /// The link that the console has shown last.
    fn next_link(&mut self) -> Result<String> {
        let mut said = String::new();
        self.output.read_line(&mut said)?;
        let link = said.trim().strip_prefix("The console is at ");
        link.map(str::to_owned).with_context(|| format!("the console has said {said:?}"))
    }

    async fn get(&self, path: &str) -> Result<String> {
        let request = self.http.get(format!("{}{path}", self.base)).header("cookie", &self.cookie);
        let answer = request.send().await?;
        let (status, text) = (answer.status(), answer.text().await?);
        ensure!(status == StatusCode::OK, "{path}: {status}: {text}");
        Ok(text)
    }

    async fn shows(&self, path: &str, parts: &[&str]) -> Result<()> {
        let text = self.get(path).await?;
        for part in parts {
            ensure!(text.contains(part), "{path} has no {part}: {text}");
        }
        Ok(())
    }
}

impl Drop for Console {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

async fn shows(console: &Console, id: &str) -> Result<()> {
    let failures = format!("/sources/{SOURCE}/failures");
    until("the console reaches the Records API", SERVED, async || {
        let failures = console.get(&failures).await?;
        Ok(Look::holds(failures.contains(BROKEN), failures))
    })
    .await?;
    console.shows(&failures, &[FAULT.reason(), "<mark>", "Replay these…"]).await?;
    let source = [">2</strong>", "1 failed", "<h2>Conditions</h2>", "Ready", "Last hour"];
    console.shows(&format!("/sources/{SOURCE}"), &source).await?;
    console.shows("/", &["1 source, 1 failed unit", "aria-label=\"Stages of"]).await?;
    let refused = ["Refused at stage Convert", "<mark>", "kubectl docmill replay"];
    console.shows(&format!("/trace?target={BROKEN}"), &refused).await?;
    let similar = ["Objects whose keys start with it", BROKEN];
    console.shows("/trace?target=wire/b", &similar).await?;
    let with_words = ["Documents with these words", id, "wire/own.xml"];
    console.shows("/trace?target=marmalade+quokkas", &with_words).await?;
    let stages = ["wire/own.xml", "snapshot → indexed", "Versions", "Indexed"];
    console.shows(&format!("/trace?target={id}"), &stages).await?;
    console.shows(&format!("/diff?id={id}&source={SOURCE}"), &["snapshot and indexed are the same"]).await
}

/// Without the cookie, under another name and from another site, nothing is answered.
async fn refuses(console: &Console) -> Result<()> {
    let url = |path: &str| format!("{}{path}", console.base);
    let with_cookie = |path: &str| console.http.get(url(path)).header("cookie", &console.cookie);
    let post = console.http.post(url(&format!("/sources/{SOURCE}/runs"))).header("cookie", &console.cookie);
    let requests = [
        console.http.get(url("/")),
        console.http.get(url("/open?token=00")),
        with_cookie("/").header("host", "evil.example"),
        with_cookie("/").header("origin", "http://evil.example"),
        post.header("origin", &console.base).body("mode=replay&form=00"),
    ];
    for request in requests {
        let answer = request.send().await?;
        ensure!(answer.status() == StatusCode::FORBIDDEN, "{answer:?}");
        let policy = answer.headers().get("content-security-policy").context("no policy")?.to_str()?;
        ensure!(policy.contains("default-src 'none'"), "{policy}");
    }
    Ok(())
}

async fn creates(world: &World, console: &Console) -> Result<()> {
    let reason = FAULT.reason();
    let page = console.get(&format!("/sources/{SOURCE}/runs/new?mode=replay&reason={reason}")).await?;
    let body = format!("form={}&mode=replay&reason={reason}", form_token(&page)?);
    let request = console.http.post(format!("{}/sources/{SOURCE}/runs", console.base)).body(body);
    let request = request.header("cookie", &console.cookie).header("origin", &console.base);
    let answer = request.send().await?;
    ensure!(answer.status() == StatusCode::SEE_OTHER, "{answer:?}");
    let address = answer.headers().get("location").context("no address")?.to_str()?.to_owned();
    let name = address.strip_prefix("/runs/ingestrun.docmill.io/").context("no run")?;
    let run = world.cluster.get(Kind::IngestRun, &world.name, name).await?;
    let reasons = &run["spec"]["select"]["failed"]["reasons"];
    ensure!(run["spec"]["mode"] == "Replay" && reasons[0] == reason, "{run}");
    console.shows(&address, &[name, "<dt>outcome</dt>"]).await
}

/// What the form of a page carries.
fn form_token(page: &str) -> Result<&str> {
    let (_, after) =
        page.split_once("name=\"form\" value=\"").with_context(|| format!("no form in {page}"))?;
    after.split_once('"').map(|(token, _)| token).context("no end of the value")
}

/// Opens the pages in a browser: no complaint of it, labels everywhere, in light and dark and on a phone.
async fn drives(console: &mut Console, browser: &str, id: &str) -> Result<()> {
    let link = console.next_link()?;
    let (script, pictures) = (checkout(SCRIPT), checkout(PICTURES));
    let arguments = [
        "--experimental-websocket".to_owned(),
        script.display().to_string(),
        browser.to_owned(),
        pictures.display().to_string(),
    ];
    let input = format!("{link}\n{SOURCE}\n{BROKEN}\n{id}\n");
    let finished = command::run("node", &arguments, Some(&input)).await?;
    finished.expect_ok("node browser.mjs").map(|text| println!("{text}"))
}
