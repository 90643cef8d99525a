"use strict";
// Handier with it, whole without it: files can be dropped, and what is too large is told before it is sent.
{
  const form = document.getElementById("form");
  const status = document.getElementById("status");
  const zones = [...document.querySelectorAll(".zone")];
  const zoneOf = event => event.target instanceof Element ? event.target.closest(".zone") : null;
  const hasFiles = event => event.dataTransfer !== null && event.dataTransfer.types.includes("Files");
  const mark = zone => zones.forEach(one => one.classList.toggle("over", one === zone));

  // A file that misses the fields must not replace the page, and what was pasted with it.
  document.addEventListener("dragover", event => {
    if (!hasFiles(event)) return;
    event.preventDefault();
    const zone = zoneOf(event);
    event.dataTransfer.dropEffect = zone ? "copy" : "none";
    mark(zone);
  });
  document.addEventListener("dragleave", event => { if (event.relatedTarget === null) mark(null); });
  document.addEventListener("drop", event => {
    if (!hasFiles(event)) return;
    event.preventDefault();
    mark(null);
    const zone = zoneOf(event);
    status.textContent = zone ? "" : form.dataset.missed;
    if (!zone) return;
    const input = zone.querySelector("input[type=file]");
    const files = new DataTransfer();
    if (input.multiple) for (const file of input.files) files.items.add(file);
    for (const file of event.dataTransfer.files) {
      if (input.multiple || files.items.length === 0) files.items.add(file);
    }
    input.files = files.files;
  });

  form.addEventListener("submit", event => {
    let octets = 0;
    for (const field of form.elements) {
      if (field.type === "file") for (const file of field.files) octets += file.size;
      if (field.type === "textarea") octets += new Blob([field.value]).size;
    }
    const fits = octets <= Number(form.dataset.limit);
    if (!fits) event.preventDefault();
    status.textContent = fits ? form.dataset.busy : form.dataset.tooLarge;
  });
  // The page may come back as it was left.
  window.addEventListener("pageshow", () => { status.textContent = ""; });
}
