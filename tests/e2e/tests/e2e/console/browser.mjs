// Opens the pages of the console in a headless Chromium, by its DevTools protocol: no error or warning in its console, a
// name for everything that can be used, no scrolling to the side on a phone. Pictures of all pages are left in a folder.
// With DOCMILL_AXE, the path of axe-core's axe.min.js, its rules apply too.
//
//   printf 'LINK\nSOURCE\nKEY\nID\n' | node --experimental-websocket browser.mjs CHROMIUM FOLDER

import { spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const [program, folder] = process.argv.slice(2);
const [link, source, key, id] = readFileSync(0, "utf8").trim().split("\n");
const base = new URL(link).origin;
const LIMIT_MILLIS = 20_000;
const VIEWS = [
  { name: "light", width: 1280, height: 900, scheme: "light" },
  { name: "dark", width: 1280, height: 900, scheme: "dark" },
  { name: "phone", width: 390, height: 844, scheme: "light" },
];
const parameter = encodeURIComponent;
const PAGES = [
  ["overview", "/"],
  ["source", `/sources/${source}`],
  ["failures", `/sources/${source}/failures`],
  ["failed", `/trace?target=${parameter(key)}`],
  ["document", `/trace?target=${parameter(id)}`],
  ["diff", `/diff?id=${parameter(id)}&source=${parameter(source)}`],
  ["runs", "/runs"],
  ["new-run", `/sources/${source}/runs/new?mode=replay`],
];
// Roles of which a user has to know what they are.
const NAMED = new Set(["button", "link", "searchbox", "textbox", "combobox", "image", "img", "region", "progressbar"]);

const profile = mkdtempSync(join(tmpdir(), "docmill-console-"));
const flags = ["--headless=new", "--no-sandbox", "--disable-gpu", "--remote-debugging-port=0"];
const browser = spawn(program, [...flags, `--user-data-dir=${profile}`, "about:blank"], {
  stdio: ["ignore", "ignore", "pipe"],
});
const complaints = [];
const axe = process.env.DOCMILL_AXE && readFileSync(process.env.DOCMILL_AXE, "utf8");

// The DevTools protocol: calls with answers, and events.
class Session {
  constructor(socket) {
    this.socket = socket;
    this.calls = new Map();
    this.listeners = new Map();
    this.number = 0;
    socket.addEventListener("message", (event) => this.take(JSON.parse(event.data)));
  }

  take(message) {
    const call = this.calls.get(message.id);
    if (call) {
      this.calls.delete(message.id);
      if (message.error) call.reject(new Error(message.error.message));
      else call.resolve(message.result);
    } else if (this.listeners.has(message.method)) {
      this.listeners.get(message.method)(message.params);
    }
  }

  call(method, params = {}) {
    this.number += 1;
    const text = JSON.stringify({ id: this.number, method, params, sessionId: this.target });
    return new Promise((resolve, reject) => {
      this.calls.set(this.number, { resolve, reject });
      this.socket.send(text);
    });
  }

  on(method, listener) {
    this.listeners.set(method, listener);
  }

  once(method) {
    return new Promise((resolve) => this.on(method, resolve));
  }
}

const address = () =>
  new Promise((resolve, reject) => {
    let said = "";
    browser.on("error", reject);
    browser.on("exit", () => reject(new Error(`the browser ended: ${said}`)));
    browser.stderr.on("data", (bytes) => {
      said += bytes;
      const found = said.match(/DevTools listening on (ws:\S+)/);
      if (found) resolve(found[1]);
    });
  });

const connect = async () => {
  const socket = new WebSocket(await address());
  await new Promise((resolve, reject) => {
    socket.addEventListener("open", resolve);
    socket.addEventListener("error", () => reject(new Error("no connection to the browser")));
  });
  const session = new Session(socket);
  const { targetId } = await session.call("Target.createTarget", { url: "about:blank" });
  const attached = await session.call("Target.attachToTarget", { targetId, flatten: true });
  session.target = attached.sessionId;
  return session;
};

const listen = async (session) => {
  const complain = (text) => complaints.push(text);
  session.on("Runtime.exceptionThrown", ({ exceptionDetails }) => complain(`exception: ${exceptionDetails.text}`));
  session.on("Runtime.consoleAPICalled", ({ type, args }) => {
    if (type === "error" || type === "warning") complain(`${type}: ${args.map((arg) => arg.value).join(" ")}`);
  });
  session.on("Log.entryAdded", ({ entry }) => {
    if (entry.level === "error" || entry.level === "warning") complain(`${entry.level}: ${entry.text} ${entry.url ?? ""}`);
  });
  for (const domain of ["Page", "Runtime", "Log", "Accessibility"]) await session.call(`${domain}.enable`);
};

const open = async (session, url) => {
  const loaded = session.once("Page.loadEventFired");
  await session.call("Page.navigate", { url });
  await loaded;
};

const value = async (session, expression) => {
  const options = { returnByValue: true, awaitPromise: true };
  const { result } = await session.call("Runtime.evaluate", { expression, ...options });
  return result.value;
};

// What axe-core finds in a page. The tools of a browser run it whatever the page's own policy says.
const check = async (session, page) => {
  await session.call("Runtime.evaluate", { expression: axe });
  const violations = await value(
    session,
    `axe.run().then(({ violations }) => violations.map(({ id, nodes }) => [id, nodes.map((node) => node.html)]))`,
  );
  for (const [rule, nodes] of violations) complaints.push(`${page}: ${rule}: ${nodes.join(" ")}`);
};

// What a checker of accessibility looks at first.
const inspect = async (session, page) => {
  const { nodes } = await session.call("Accessibility.getFullAXTree");
  for (const node of nodes.filter((node) => !node.ignored && NAMED.has(node.role?.value))) {
    if (!node.name?.value) complaints.push(`${page}: a ${node.role.value} without a name`);
  }
  const found = await value(
    session,
    `({
      language: document.documentElement.lang,
      mains: document.querySelectorAll("main").length,
      titles: document.querySelectorAll("h1").length,
      captions: [...document.querySelectorAll("table")].every((table) => table.caption),
      ids: [...document.querySelectorAll("[id]")].map((element) => element.id),
      wide: document.documentElement.scrollWidth > innerWidth,
    })`,
  );
  if (found.language !== "en" || found.mains !== 1 || found.titles !== 1 || !found.captions) {
    complaints.push(`${page}: language, landmarks, title or captions: ${JSON.stringify(found)}`);
  }
  if (new Set(found.ids).size !== found.ids.length) complaints.push(`${page}: an id is there twice`);
  if (found.wide) complaints.push(`${page}: it scrolls to the side`);
};

const look = async (session, view) => {
  const { name, width, height, scheme } = view;
  const screen = { width, height, deviceScaleFactor: 1, mobile: name === "phone" };
  await session.call("Emulation.setDeviceMetricsOverride", screen);
  const features = [{ name: "prefers-color-scheme", value: scheme }];
  await session.call("Emulation.setEmulatedMedia", { features });
  for (const [page, path] of PAGES) {
    await open(session, `${base}${path}`);
    await inspect(session, `${page} (${name})`);
    if (axe) await check(session, `${page} (${name})`);
    const { data } = await session.call("Page.captureScreenshot", { format: "png" });
    writeFileSync(join(folder, `${page}-${name}.png`), Buffer.from(data, "base64"));
  }
};

// The link leads on to the overview, and a part that is kept up to date stays alive.
const follow = async (session) => {
  await open(session, link);
  const limit = Date.now() + LIMIT_MILLIS;
  // While a page gives way to the next one, nothing can be asked.
  const path = () => value(session, "location.pathname").catch(() => "");
  while ((await path()) !== "/" && Date.now() < limit) {
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  const title = await value(session, "document.title");
  if (!title.startsWith("Overview")) complaints.push(`the link leads to ${title}`);
};

const end = (code) => {
  browser.removeAllListeners("exit");
  browser.on("exit", () => {
    rmSync(profile, { recursive: true, force: true, maxRetries: 5 });
    process.exit(code);
  });
  browser.kill();
};

try {
  mkdirSync(folder, { recursive: true });
  const session = await connect();
  await listen(session);
  await follow(session);
  for (const view of VIEWS) await look(session, view);
  // Long enough for the script to have looked again.
  await open(session, `${base}/`);
  await new Promise((resolve) => setTimeout(resolve, 3500));
  if (await value(session, "document.getElementById('connection').textContent")) complaints.push("updates fail");
  for (const complaint of complaints) console.error(complaint);
  console.log(`${PAGES.length * VIEWS.length} pictures in ${folder}`);
  end(complaints.length === 0 ? 0 : 1);
} catch (error) {
  console.error(error);
  end(1);
}
