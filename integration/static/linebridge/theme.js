// Sets the theme before the first paint: the user's choice, else the system's preference.
(() => {
  const preference = window.matchMedia("(prefers-color-scheme: dark)");
  const choice = () => {
    let kept = null;
    try { kept = localStorage.getItem("theme"); } catch { /* storage is switched off */ }
    // Django admin keeps its choice in the same place, and calls the system's preference "auto".
    return kept === "light" || kept === "dark" ? kept : "system";
  };
  const apply = () => {
    const chosen = choice();
    const dark = chosen === "system" ? preference.matches : chosen === "dark";
    document.documentElement.dataset.bsTheme = dark ? "dark" : "light";
    document.documentElement.dataset.themeChoice = chosen;
  };
  preference.addEventListener("change", apply);
  window.addEventListener("storage", apply);
  document.addEventListener("themechange", apply);
  apply();
})();
