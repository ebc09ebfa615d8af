// Sections are a page of anchors without a script, and tabs with one.
const panels = [...document.querySelectorAll(".tab")];
const links = panels.map((panel) => document.getElementById(`to-${panel.id}`));

const show = (panel) => {
  panels.forEach((other, at) => {
    const chosen = other === panel;
    other.hidden = !chosen;
    links[at].setAttribute("aria-selected", chosen);
    links[at].tabIndex = chosen ? 0 : -1;
  });
};
// Whatever an address names is shown, wherever it stands: its tab, and what it is folded into.
const reveal = (target) => {
  const panel = target?.closest(".tab");
  if (!panel) return;
  show(panel);
  for (let fold = target.closest("details"); fold; fold = fold.parentElement.closest("details")) fold.open = true;
  if (target === panel) return;
  target.scrollIntoView();
};
const fromAddress = () => {
  const target = document.getElementById(decodeURIComponent(location.hash.slice(1)));
  if (target) reveal(target); else if (!location.hash) show(panels[0]);
};

if (panels.length) {
  document.querySelector(".tabs").setAttribute("role", "tablist");
  links.forEach((link, at) => {
    link.setAttribute("role", "tab");
    link.setAttribute("aria-controls", panels[at].id);
    panels[at].setAttribute("role", "tabpanel");
    link.addEventListener("click", (event) => {
      event.preventDefault();
      show(panels[at]);
      history.replaceState(null, "", link.href);
    });
    link.addEventListener("keydown", (event) => {
      const to = { ArrowRight: at + 1, ArrowLeft: at - 1, Home: 0, End: links.length - 1 }[event.key];
      if (to === undefined) return;
      event.preventDefault();
      const next = (to + links.length) % links.length;
      links[next].focus();
      links[next].click();
    });
  });
  show(panels[0]);
  fromAddress();
  addEventListener("hashchange", fromAddress);
}
