// The order of stages by drag. The buttons up and down do the same without this script.
(() => {
  "use strict";
  document.addEventListener("htmx:load", () => {
    for (const form of document.querySelectorAll("[data-sorted]:not([data-drags])")) {
      form.dataset.drags = "";
      for (const grip of form.querySelectorAll("[data-grip]")) grip.hidden = false;
      Sortable.create(form.querySelector("tbody"), {
        handle: "[data-grip]",
        animation: 150,
        onEnd: (event) => event.oldIndex !== event.newIndex && form.requestSubmit(),
      });
    }
  });
})();
