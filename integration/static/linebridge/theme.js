// Sets the theme before the first paint: the user's choice, else the system's preference.
(() => {
  const preference = window.matchMedia("(prefers-color-scheme: dark)");
  const choice = () => {
    try { return localStorage.getItem("theme") || "system"; } catch { return "system"; }
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
