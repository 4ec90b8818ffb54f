"use strict";
// A heat map can be looked through; without scripts it is opaque, and nothing else is lost.
for (const box of document.querySelectorAll(".through")) {
  const map = box.closest("figure").querySelector(".map");
  box.hidden = false;
  box.querySelector("input").addEventListener("input", event => { map.style.opacity = 1 - event.target.value / 100; });
}
