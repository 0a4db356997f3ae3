// Pages of figures: nothing changed, so only the time that they are of moves on.
document.addEventListener("as-of", ({ detail }) => {
  document.querySelectorAll("[data-as-of]").forEach((place) => (place.textContent = detail.value));
});
