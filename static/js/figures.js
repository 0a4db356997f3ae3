// Pages of figures: as of when they are, refresh now, pause, and a word to those who do not see a new row.
(() => {
  const all = (selector) => document.querySelectorAll(selector);
  const write = (selector, text) => all(selector).forEach((place) => (place.textContent = text));
  let answered = Date.now();
  let newest = document.querySelector("[data-newest]")?.dataset.newest;

  // Nothing changed (204): only the time that the figures are of moves on
  document.addEventListener("as-of", ({ detail }) => {
    answered = Date.now();
    write("[data-as-of]", detail.value);
  });

  document.addEventListener("click", (event) => {
    const now = event.target.closest("[data-refresh-now]");
    if (!now || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault(); // without this script it is a link to the page itself
    document.querySelector(now.dataset.refreshNow).dispatchEvent(new Event("refresh"));
  });

  // Pause: the fragment loses its data-refresh, and so does the one that a press on Refresh brings
  const button = document.querySelector("[data-pause]");
  const isPaused = () => button?.getAttribute("aria-pressed") === "true";
  function hold() {
    const fragment = button && document.querySelector(button.dataset.pause);
    if (!fragment) return;
    fragment.dataset.seconds ??= fragment.dataset.refresh;
    if (isPaused()) delete fragment.dataset.refresh;
    else fragment.dataset.refresh = fragment.dataset.seconds;
  }
  if (button) {
    button.hidden = false;
    button.addEventListener("click", () => {
      button.setAttribute("aria-pressed", String(!isPaused()));
      button.classList.toggle("active", isPaused());
      hold();
    });
  }

  document.addEventListener("htmx:afterSwap", () => {
    answered = Date.now();
    hold();
    const fragment = document.querySelector("[data-newest]");
    if (!fragment || fragment.dataset.newest === newest) return;
    newest = fragment.dataset.newest;
    write("[data-heard]", fragment.dataset.say);
  });

  setInterval(() => {
    const seconds = Math.round((Date.now() - answered) / 1000);
    all("[data-ago]").forEach((place) => (place.textContent = place.dataset.ago.replace("{s}", seconds)));
  }, 1000);
})();
