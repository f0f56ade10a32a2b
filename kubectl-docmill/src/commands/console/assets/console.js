// Keeps the parts of a page up to date that are marked by data-live: fetches the page again and replaces what differs.
// Without this script, every page works and shows what was so when it was loaded.
"use strict";

(() => {
  const PAUSE = 3000;
  const LIMIT = 15000;
  const button = document.getElementById("pause");
  const connection = document.getElementById("connection");
  const parts = () => document.querySelectorAll("[data-live]");
  let paused = false;

  // A screen reader is told only what changes.
  const say = (text) => {
    if (connection.textContent !== text) connection.textContent = text;
  };

  // Where a node is below another, as the numbers of children; the focus stays where it was when a part is replaced.
  const stepsTo = (top, node) => {
    const steps = [];
    for (let at = node; at !== top; at = at.parentNode) {
      steps.unshift(Array.prototype.indexOf.call(at.parentNode.childNodes, at));
    }
    return steps;
  };
  const follow = (top, steps) => steps.reduce((node, step) => node && node.childNodes[step], top);

  const isSelected = (part) => {
    const selection = document.getSelection();
    return selection && !selection.isCollapsed && selection.containsNode(part, true);
  };

  const replace = (part, fresh) => {
    if (!fresh || part.isEqualNode(fresh) || isSelected(part)) return;
    const focused = part.contains(document.activeElement) ? stepsTo(part, document.activeElement) : null;
    const scrolled = Array.from(part.querySelectorAll(".scroll"), (area) => area.scrollLeft);
    part.replaceChildren(...fresh.childNodes);
    part.querySelectorAll(".scroll").forEach((area, index) => {
      area.scrollLeft = scrolled[index] || 0;
    });
    const again = focused && follow(part, focused);
    if (again && again.focus) again.focus({ preventScroll: true });
  };

  const update = async () => {
    if (!paused && !document.hidden) {
      try {
        const answer = await fetch(location.href, { cache: "no-store", signal: AbortSignal.timeout(LIMIT) });
        if (!answer.ok) throw new Error(String(answer.status));
        const page = new DOMParser().parseFromString(await answer.text(), "text/html");
        parts().forEach((part) => replace(part, page.getElementById(part.id)));
        say("");
      } catch {
        say("The console does not answer, or your login has ended. Load the page again; if you stopped the console, start it again and open its link.");
      }
    }
    setTimeout(update, PAUSE);
  };

  if (parts().length > 0) {
    button.hidden = false;
    button.addEventListener("click", () => {
      paused = !paused;
      button.setAttribute("aria-pressed", String(paused));
    });
    setTimeout(update, PAUSE);
  }
})();
