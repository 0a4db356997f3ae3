// Ours, all of it: what htmx and Tabler leave open. No inline code anywhere, so every behaviour hangs on a data attribute.
(() => {
  "use strict";
  const words = JSON.parse(document.getElementById("words").textContent);
  const all = (selector, root = document) => [...root.querySelectorAll(selector)];

  // Messages -----------------------------------------------------------------------------------------------------
  const GONE_AFTER_MS = 8000; // good news leaves by itself; bad news waits to be read
  const toasts = document.getElementById("toasts");

  // The same shape as the macro `toast` in templates/ui/parts.html.
  function toast(text, tone, action) {
    const box = document.createElement("div");
    box.className = `toast show tone-${tone}`;
    box.dataset.toast = tone;
    if (tone === "danger") box.setAttribute("role", "alert");
    const body = box.appendChild(document.createElement("div"));
    body.className = "toast-body";
    const said = body.appendChild(document.createElement("div"));
    said.textContent = text;
    if (action) said.append(" ", actionButton(action, box));
    const close = body.appendChild(document.createElement("button"));
    close.className = "btn-close";
    close.type = "button";
    close.dataset.close = "";
    close.setAttribute("aria-label", words.close);
    toasts.append(box);
    return box;
  }

  function actionButton({ label, run }, box) {
    const button = document.createElement("button");
    button.className = "btn btn-sm";
    button.type = "button";
    button.textContent = label;
    button.addEventListener("click", () => {
      box.remove();
      run();
    });
    return button;
  }

  // For other scripts: new CustomEvent("toast", { detail: { text, tone, action: { label, run } } }); gets `box` added
  document.addEventListener("toast", ({ detail }) => (detail.box = toast(detail.text, detail.tone, detail.action)));

  function expire(box) {
    if (["success", "info"].includes(box.dataset.toast)) {
      setTimeout(() => (box.matches(":hover, :focus-within") ? expire(box) : box.remove()), GONE_AFTER_MS);
    }
  }
  all("[data-toast]", toasts).forEach(expire);
  new MutationObserver((changes) => changes.forEach((change) => change.addedNodes.forEach((node) => node.dataset && expire(node))))
    .observe(toasts, { childList: true });

  // Clicks -------------------------------------------------------------------------------------------------------
  async function copy(button) {
    const source = document.querySelector(button.dataset.copy);
    try {
      await navigator.clipboard.writeText(source.textContent);
      toast(words.copied, "success");
    } catch {
      getSelection().selectAllChildren(source); // no permission or no TLS: selected, ready for Ctrl-C
    }
  }

  function setTheme(button, event) {
    event.preventDefault(); // without this script the form posts
    const secure = location.protocol === "https:" ? ";secure" : "";
    document.cookie = `theme=${button.value};path=/;max-age=31536000;samesite=lax${secure}`;
    document.documentElement.dataset.theme = button.value;
    document.documentElement.dispatchEvent(new Event("themechange"));
    all("[data-theme-button]").forEach((other) => other.setAttribute("aria-pressed", String(other.value === button.value)));
    const body = new FormData(button.form);
    body.set("theme", button.value); // kept with the person, too
    fetch(button.form.action, { method: "POST", body, redirect: "manual", keepalive: true }).catch(() => {});
  }

  document.addEventListener("click", (event) => {
    const button = event.target.closest("button");
    if (!button) return;
    if (button.dataset.copy) copy(button);
    if ("close" in button.dataset) button.closest("[data-toast]").remove();
    if ("themeButton" in button.dataset) setTheme(button, event);
  });

  // Confirmation: forms with data-confirm, and htmx's own hx-confirm ----------------------------------------------
  const dialog = document.getElementById("confirm");

  function ask(question, goOn) {
    document.getElementById("confirm-text").textContent = question;
    dialog.returnValue = "no";
    dialog.addEventListener("close", () => dialog.returnValue === "yes" && goOn(), { once: true });
    dialog.showModal();
  }

  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (!form.dataset.confirm || form.dataset.confirmed) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    ask(form.dataset.confirm, () => {
      form.dataset.confirmed = "yes";
      form.requestSubmit(event.submitter);
      delete form.dataset.confirmed;
    });
  }, true); // before htmx sees it

  document.addEventListener("htmx:confirm", (event) => {
    if (!event.detail.question) return;
    event.preventDefault();
    ask(event.detail.question, () => event.detail.issueRequest(true));
  });

  // Focus: the error summary, after a swap or a full load ---------------------------------------------------------
  const focusErrors = (root) => root.querySelector("[data-focus]")?.focus();
  document.addEventListener("htmx:afterSettle", (event) => focusErrors(event.target.parentElement ?? document));
  focusErrors(document);

  // Focus: a swap that takes away what had it (a removed filter, a form in a closed <details>) gives it to the nearest
  let lost = null;
  let pressed = null; // the button that sent a form loses the focus when it is disabled, before the swap
  document.addEventListener("htmx:beforeRequest", () => {
    if (document.activeElement?.matches("[data-submit]")) pressed = document.activeElement;
  });
  document.addEventListener("htmx:beforeSwap", (event) => {
    const at = document.activeElement === document.body && pressed?.disabled ? pressed : document.activeElement;
    const isLost = at !== document.body && event.detail.target?.contains(at);
    lost = isLost ? { id: at.id, root: event.detail.target.id, isSubmit: at === pressed } : null;
  });
  document.addEventListener("htmx:afterSettle", () => {
    if (!lost || document.activeElement !== document.body) return;
    const near = (lost.id && document.getElementById(lost.id)?.closest("details")?.querySelector("summary")) || (lost.isSubmit && document.getElementById(lost.root)?.querySelector("[data-submit]")) || document.getElementById(lost.root);
    lost = null;
    if (near?.matches(":not(summary, [data-submit], [tabindex])")) near.tabIndex = -1;
    near?.focus({ preventScroll: true });
  });

  // Requests -----------------------------------------------------------------------------------------------------
  document.addEventListener("htmx:configRequest", (event) => {
    if (!event.detail.elt.closest("[data-filters]")) return;
    const sent = event.detail.formData; // ?state=paid, not ?q=&state=paid&from=&to=
    [...sent.entries()].forEach(([name, value]) => value === "" && sent.delete(name));
    const sort = new URLSearchParams(location.search).get("sort"); // chosen since the form was rendered
    if (sort) sent.set("sort", sort);
  });

  document.addEventListener("htmx:beforeSwap", (event) => {
    const { xhr } = event.detail;
    if (xhr.status < 400) return;
    if (/^\s*<div class="toast/.test(xhr.responseText)) { // errors/_alert.html, with whatever status
      Object.assign(event.detail, { target: toasts, swapOverride: "beforeend", shouldSwap: true });
    } else if (xhr.status !== 422) {
      event.detail.shouldSwap = false; // a proxy's page, not words of ours
      toast(words.failed, "danger");
    }
  });
  ["htmx:sendError", "htmx:timeout"].forEach((name) => document.addEventListener(name, () => toast(words.offline, "danger")));

  // Lists: the way back from one row leads to the list as it was left, with its filters and its page ------------------
  const room = (path) => `list:/${path.split("/")[1]}`; // /deliveries/dead and /deliveries are one room
  function keepList() {
    try {
      if (document.querySelector("main .region")) sessionStorage.setItem(room(location.pathname), location.pathname + location.search);
      all("a.page-pretitle:not([href*='?'])").forEach((back) => {
        const left = sessionStorage.getItem(room(back.pathname));
        if (left && room(back.pathname) === `list:${back.pathname}`) back.href = left;
      });
    } catch {} // this browser keeps nothing: the way back leads to the whole list
  }
  ["htmx:pushedIntoHistory", "htmx:afterSettle"].forEach((name) => document.addEventListener(name, keepList));
  keepList();

  // Live fragments: data-refresh="30" gets a `refresh` event while somebody looks -----------------------------------
  const due = new WeakMap();
  setInterval(() => {
    if (document.hidden) return;
    const now = Date.now();
    all("[data-refresh]").forEach((element) => {
      if (!due.has(element)) due.set(element, now + element.dataset.refresh * 1000);
      if (due.get(element) > now) return;
      due.set(element, now + element.dataset.refresh * 1000);
      element.dispatchEvent(new Event("refresh"));
    });
  }, 1000);
})();
