// Plays the forecasts of a page: every picture of a player shows the same frame. A canvas has a film,
// all pictures under each other, or levels, one byte for every value of a sheet.
(() => {
  "use strict";
  const calm = window.matchMedia("(prefers-reduced-motion: reduce)");
  const decoded = (text) => Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));

  /** Draws pictures of a film. */
  const film = (canvas, redraw) => {
    const pictures = new Image();
    pictures.onload = redraw;
    pictures.src = canvas.dataset.film;
    const pen = canvas.getContext("2d");
    const { width, height } = canvas;
    return (frame) => {
      if (pictures.complete && pictures.naturalWidth > 0) {
        pen.drawImage(pictures, 0, frame * height, width, height, 0, 0, width, height);
      }
    };
  };

  /** Draws sheets of levels in the player's colours: red, green, blue of every byte. */
  const sheet = (canvas, colours) => {
    const levels = decoded(canvas.dataset.levels);
    const pen = canvas.getContext("2d");
    const picture = pen.createImageData(canvas.width, canvas.height);
    const size = canvas.width * canvas.height;
    return (frame) => {
      for (let place = 0; place < size; place += 1) {
        const colour = 3 * levels[frame * size + place];
        picture.data.set(colours.subarray(colour, colour + 3), 4 * place);
        picture.data[4 * place + 3] = 255;
      }
      pen.putImageData(picture, 0, 0);
    };
  };

  const start = (player) => {
    const [button, slider, speed, shown] =
      ["button", "input", "select", "output"].map((name) => player.querySelector(name));
    const first = Number(player.dataset.first);
    const last = Number(slider.max);
    const colours = decoded(player.dataset.colours);
    const draw = () => {
      const place = Number(slider.value);
      for (const picture of pictures) picture(place);
      for (const phase of player.querySelectorAll("[data-seen]")) {
        const step = first + place - Number(phase.dataset.seen);
        phase.textContent = step < 0 ? "sees the true frames" : `forecasts: step ${step}`;
        phase.classList.toggle("forecast", step >= 0);
      }
      shown.textContent = `frame ${first + place}`;
      slider.setAttribute("aria-valuetext", shown.textContent);
    };
    const pictures = [...player.querySelectorAll("canvas")].map((canvas) =>
      canvas.dataset.film ? film(canvas, () => draw()) : sheet(canvas, colours));

    let since = null; // When the frame that is shown was due; null while paused.
    const tick = (now) => {
      if (since === null) return;
      const due = Math.floor(((now - since) * Number(speed.value)) / 1000);
      if (due > 0) {
        since += (due * 1000) / Number(speed.value);
        const place = Number(slider.value) + due;
        // It plays in a circle, or once for those who want little motion.
        if (place > last && calm.matches) pause();
        slider.value = place > last && !calm.matches ? 0 : Math.min(place, last);
        draw();
      }
      requestAnimationFrame(tick);
    };
    const pause = () => {
      since = null;
      button.textContent = "Play";
    };
    const play = () => {
      if (Number(slider.value) >= last) slider.value = 0;
      since = performance.now();
      button.textContent = "Pause";
      draw();
      requestAnimationFrame(tick);
    };
    button.addEventListener("click", () => (since === null ? play() : pause()));
    slider.addEventListener("input", () => {
      pause();
      draw();
    });
    if (calm.matches) speed.value = "3";
    player.querySelector(".controls").hidden = false;
    draw();
  };

  for (const player of document.querySelectorAll(".player")) start(player);
})();
