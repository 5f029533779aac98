// Plays recordings of waves: signal or phase in colours, with arrows and critical points over it, and the
// values of the site under the pointer. A player has its data in attributes, one byte for each value.
(() => {
  "use strict";
  const TURN = 2 * Math.PI;
  /** The largest width and height of a picture, CSS pixels. */
  const LARGEST = 560;
  const INK = "#14171c";
  const HALO = "#ffffff";
  const NOTHING = "–";
  const calm = window.matchMedia("(prefers-reduced-motion: reduce)");

  const decoded = (text) => Uint8Array.from(atob(text ?? ""), (letter) => letter.charCodeAt(0));
  const numbers = (text) => (text ? text.split(" ").map(Number) : []);
  const clamped = (value, last) => Math.max(0, Math.min(value, last));

  /** The angle of a byte, radians in (-pi, pi]; NaN if there is none. */
  const angleOf = (byte) => {
    if (byte === 0) return NaN;
    const angle = ((byte - 1) / 255) * TURN;
    return angle > Math.PI ? angle - TURN : angle;
  };

  /** A number with three digits and a true minus. */
  const written = (value) => {
    if (!Number.isFinite(value)) return "not a number";
    const size = Math.abs(value);
    const plain = size === 0 || (size >= 1e-3 && size < 1e5);
    const digits = size === 0 ? 0 : clamped(2 - Math.floor(Math.log10(size)), 6);
    return (plain ? value.toFixed(digits) : value.toExponential(2)).replace("-", "−");
  };

  /** The recording of a player. */
  const recording = (player) => {
    const { dataset } = player;
    const [frames, rows, columns] = numbers(dataset.shape);
    const sites = rows * columns;
    const scale = Number(dataset.signalScale);
    const layers = Object.fromEntries(["signal", "phase"].map((name) =>
      [name, { levels: decoded(dataset[name]), colours: decoded(dataset[`${name}Colours`]) }]));

    const [spacing, ...first] = numbers(dataset.arrows);
    const [down, across] = [rows, columns].map((length, axis) => Math.ceil((length - first[axis]) / spacing));
    const directions = decoded(dataset.arrowDirections);
    const lengths = decoded(dataset.arrowLengths);
    const arrow = (frame, i, j) => {
      const place = (frame * down + i) * across + j;
      return {
        row: first[0] + i * spacing,
        column: first[1] + j * spacing,
        direction: angleOf(directions[place]),
        share: lengths[place] / 255,
      };
    };
    const points = Array.from({ length: frames }, () => []);
    for (const [frame, ...point] of JSON.parse(dataset.points ?? "[]")) points[frame].push(point);
    const labels = [...player.querySelectorAll(".wave-labels li")].map((item) =>
      [Number(item.dataset.from), item.textContent]);
    const [start, step] = [Number(dataset.start), Number(dataset.step)];
    // As many decimals as tell the times of frames apart evenly.
    const digits = [0, 1, 2, 3, 4, 5].find((digits) =>
      Math.abs(Number(step.toFixed(digits)) - step) < 0.01 * step) ?? 6;

    return {
      frames, rows, columns, sites, layers, scale, spacing,
      signal: (frame, site) => {
        const level = layers.signal.levels[frame * sites + site];
        return level === 0 ? NaN : ((level - 128) / 127) * scale;
      },
      phase: (frame, site) => angleOf(layers.phase.levels[frame * sites + site]),
      /** The arrows of a frame; none if there are none. */
      arrows: (frame) => Array.from({ length: spacing ? down * across : 0 }, (_, place) =>
        arrow(frame, Math.floor(place / across), place % across)),
      /** The direction of the arrow that is next to a site. */
      direction: (frame, row, column) => {
        const [i, j] = [[row, down], [column, across]].map(([site, count], axis) =>
          clamped(Math.round((site - first[axis]) / spacing), count - 1));
        return arrow(frame, i, j).direction;
      },
      points: (frame) => points[frame],
      label: (frame) => labels.findLast(([from]) => from <= frame)?.[1] ?? "",
      time: (frame) => {
        const place = `frame ${frame}`;
        if (dataset.step === undefined) return place;
        const time = (start + frame * step).toFixed(digits).replace("-", "−");
        return `${time} ${dataset.timeUnit}, ${place}`;
      },
    };
  };

  /** The shapes of critical points around the origin, in the order of the kinds: path and colour. */
  const polygon = (...corners) => () => {
    const path = new Path2D();
    for (const [x, y] of corners) path.lineTo(x, y);
    path.closePath();
    return path;
  };
  const disc = () => {
    const path = new Path2D();
    path.arc(0, 0, 0.85, 0, TURN);
    return path;
  };
  const MARKS = [
    [polygon([0, -1], [0.95, 0.75], [-0.95, 0.75]), "#d55e00"], // Source: a triangle upward.
    [polygon([0, 1], [0.95, -0.75], [-0.95, -0.75]), "#0072b2"], // Sink: a triangle downward.
    [polygon([0, -1.1], [1.1, 0], [0, 1.1], [-1.1, 0]), "#e69f00"], // Spiral out: a diamond.
    [polygon([-0.8, -0.8], [0.8, -0.8], [0.8, 0.8], [-0.8, 0.8]), "#56b4e9"], // Spiral in: a square.
    [disc, "#009e73"], // Rotation: a disc.
    [polygon([-1, -0.5], [-0.5, -1], [0, -0.5], [0.5, -1], [1, -0.5], [0.5, 0], [1, 0.5], [0.5, 1],
      [0, 0.5], [-0.5, 1], [-1, 0.5], [-0.5, 0]), "#cc79a7"], // Saddle: a cross.
  ].map(([path, colour]) => [path(), colour]);

  /** An arc with a head around the origin, clockwise on a screen. */
  const TURNING = (() => {
    const path = new Path2D();
    path.arc(0, 0, 1.9, -0.9 * Math.PI, 0.35 * Math.PI);
    const [x, y] = [1.9 * Math.cos(0.35 * Math.PI), 1.9 * Math.sin(0.35 * Math.PI)];
    path.moveTo(x + 0.85, y - 0.1);
    path.lineTo(x, y);
    path.lineTo(x + 0.1, y - 0.85);
    return path;
  })();

  /** Strokes a path with a light rim, so that it is seen on any colour. */
  const stroke = (pen, path, width) => {
    for (const [colour, share] of [[HALO, 2.4], [INK, 1]]) {
      pen.strokeStyle = colour;
      pen.lineWidth = width * share;
      pen.stroke(path);
    }
  };

  const drawMark = (pen, x, y, size, kind, turning) => {
    const [path, colour] = MARKS[kind] ?? [MARKS[4][0], "#999999"];
    pen.save();
    pen.lineJoin = "round";
    pen.lineCap = "round";
    pen.translate(x, y);
    pen.scale(size, size);
    stroke(pen, path, 0.45);
    pen.fillStyle = colour;
    pen.fill(path);
    if (turning !== 0) {
      pen.scale(turning, 1);
      stroke(pen, TURNING, 0.3);
    }
    pen.restore();
  };

  /** What draws the frames of a recording on a canvas, a whole number of device pixels for each site. */
  const painter = (canvas, clip) => {
    const pen = canvas.getContext("2d");
    const sheet = document.createElement("canvas");
    [sheet.width, sheet.height] = [clip.columns, clip.rows];
    const sheetPen = sheet.getContext("2d");
    const picture = sheetPen.createImageData(clip.columns, clip.rows);
    let [ratio, scale] = [1, 1];
    const middle = (place) => (place + 0.5) * scale;

    const fill = (frame, { levels, colours }) => {
      for (let site = 0; site < clip.sites; site += 1) {
        const colour = 3 * levels[frame * clip.sites + site];
        picture.data.set(colours.subarray(colour, colour + 3), 4 * site);
        picture.data[4 * site + 3] = 255;
      }
      sheetPen.putImageData(picture, 0, 0);
      pen.imageSmoothingEnabled = false;
      pen.drawImage(sheet, 0, 0, canvas.width, canvas.height);
    };
    const arrows = (frame) => {
      const path = new Path2D();
      for (const { row, column, direction, share } of clip.arrows(frame)) {
        if (Number.isNaN(direction)) continue;
        const length = clip.spacing * scale * (0.3 + 0.55 * share);
        const [x, y] = [middle(column), middle(row)];
        const along = (part, angle = direction) => [part * length * Math.cos(angle), part * length * Math.sin(angle)];
        const [dx, dy] = along(0.5);
        path.moveTo(x - dx, y - dy);
        path.lineTo(x + dx, y + dy);
        for (const side of [-1, 1]) {
          const [hx, hy] = along(0.36, direction + side * 2.6);
          path.moveTo(x + dx, y + dy);
          path.lineTo(x + dx + hx, y + dy + hy);
        }
      }
      pen.lineCap = "round";
      stroke(pen, path, 1.3 * ratio);
    };
    const points = (frame) => {
      // On a torus a point may lie between the last and the first row or column.
      for (const [row, column, kind, turning] of clip.points(frame)) {
        const [x, y] = [middle(column) % canvas.width, middle(row) % canvas.height];
        drawMark(pen, x, y, 6 * ratio, kind, turning);
      }
    };
    const frame = ([row, column]) => {
      const path = new Path2D();
      const rim = ratio;
      path.rect(column * scale - rim, row * scale - rim, scale + 2 * rim, scale + 2 * rim);
      pen.lineJoin = "miter";
      stroke(pen, path, 1.5 * ratio);
    };
    return {
      /** Makes the canvas as large as a room of CSS pixels allows. */
      fit: (room) => {
        ratio = window.devicePixelRatio || 1;
        const [width, height] = [Math.min(room, LARGEST), LARGEST];
        const most = Math.min(width / clip.columns, height / clip.rows);
        scale = Math.max(1, Math.floor(most * ratio));
        [canvas.width, canvas.height] = [clip.columns * scale, clip.rows * scale];
        canvas.style.width = `${canvas.width / ratio}px`;
      },
      draw: (place, layer, shows, site) => {
        fill(place, clip.layers[layer]);
        if (shows("arrows")) arrows(place);
        if (shows("points")) points(place);
        if (site) frame(site);
      },
    };
  };

  const start = (player, number) => {
    const find = (selector) => player.querySelector(selector);
    const clip = recording(player);
    const canvas = find(".wave-canvas");
    const paint = painter(canvas, clip);
    const [button, slider, clock, speed, loop] = [
      "button", "input[type=range]", "output", "select", "input[value=loop]",
    ].map((selector) => find(`.wave-transport ${selector}`));
    const [readout, ramp, help] = [".wave-readout", ".wave-ramp", ".wave-help"].map(find);
    const radios = [...player.querySelectorAll("input[type=radio]")];
    const last = clip.frames - 1;
    let site = null; // [row, column] of the values that are shown.
    let since = null; // When the frame that is shown was due; null while paused.

    const layer = () => radios.find((radio) => radio.checked).value;
    const shows = (overlay) => find(`input[value=${overlay}]`)?.checked ?? false;
    const place = () => Number(slider.value);

    const values = () => {
      const shown = {};
      if (site) {
        const [row, column] = site;
        const at = row * clip.columns + column;
        const angle = (value) => (Number.isNaN(value) ? "none" : `${value.toFixed(2).replace("-", "−")} rad`);
        shown.site = `${row}, ${column}`;
        shown.signal = `${written(clip.signal(place(), at))} ${player.dataset.signalUnit}`.trim();
        shown.phase = angle(clip.phase(place(), at));
        if (clip.spacing) {
          const direction = clip.direction(place(), row, column);
          const eighth = (Math.round((direction / TURN) * 8) + 8) % 8;
          shown.direction = Number.isNaN(direction) ? "none" : `${angle(direction)} ${"→↘↓↙←↖↑↗"[eighth]}`;
        }
      }
      for (const value of readout.querySelectorAll("[data-value]")) {
        value.textContent = shown[value.dataset.value] ?? NOTHING;
      }
    };
    const draw = () => {
      paint.draw(place(), layer(), shows, site);
      const label = clip.label(place());
      clock.textContent = clip.time(place());
      find(".wave-label").textContent = label;
      slider.setAttribute("aria-valuetext", [clock.textContent, label].filter(Boolean).join(", "));
      values();
    };
    const key = () => {
      const { colours } = clip.layers[layer()];
      const signal = layer() === "signal";
      const pen = ramp.getContext("2d");
      ramp.width = 255;
      for (let level = 1; level < 256; level += 1) {
        // Phases from -pi to pi, as they are read.
        const colour = 3 * (signal ? level : ((level + 127) % 255) + 1);
        pen.fillStyle = `rgb(${colours.subarray(colour, colour + 3).join(" ")})`;
        pen.fillRect(level - 1, 0, 1, 1);
      }
      find(".wave-low").textContent = signal ? written(-clip.scale) : "−π";
      find(".wave-high").textContent = signal ? written(clip.scale) : "π";
      find(".wave-unit")?.toggleAttribute("hidden", !signal);
    };

    const tick = (now) => {
      if (since === null) return;
      const due = Math.floor(((now - since) * Number(speed.value)) / 1000);
      if (due > 0) {
        since += (due * 1000) / Number(speed.value);
        const next = place() + due;
        if (next > last && !loop.checked) pause();
        slider.value = next > last && loop.checked ? next % clip.frames : Math.min(next, last);
        draw();
      }
      requestAnimationFrame(tick);
    };
    const pause = () => {
      since = null;
      button.textContent = "Play";
      // Values that change by themselves are not read out.
      readout.setAttribute("aria-live", "polite");
    };
    const play = () => {
      if (place() >= last) slider.value = 0;
      since = performance.now();
      button.textContent = "Pause";
      readout.setAttribute("aria-live", "off");
      draw();
      requestAnimationFrame(tick);
    };
    const toggle = () => (since === null ? play() : pause());
    const show = (frame) => {
      pause();
      slider.value = clamped(frame, last);
      draw();
    };
    const select = (row, column) => {
      site = [clamped(row, clip.rows - 1), clamped(column, clip.columns - 1)];
      draw();
    };
    const move = (down, right) => select(site[0] + down, site[1] + right);
    const keys = {
      ArrowUp: () => move(-1, 0),
      ArrowDown: () => move(1, 0),
      ArrowLeft: () => move(0, -1),
      ArrowRight: () => move(0, 1),
      " ": toggle,
      ",": () => show(place() - 1),
      ".": () => show(place() + 1),
      Home: () => show(0),
      End: () => show(last),
    };

    button.addEventListener("click", toggle);
    slider.addEventListener("input", () => show(place()));
    for (const input of player.querySelectorAll("input:not([type=range])")) {
      input.addEventListener("change", () => {
        key();
        draw();
      });
    }
    canvas.addEventListener("keydown", (event) => {
      if (event.ctrlKey || event.altKey || event.metaKey || !Object.hasOwn(keys, event.key)) return;
      event.preventDefault();
      keys[event.key]();
    });
    canvas.addEventListener("focus", () => {
      if (!site) select(Math.floor(clip.rows / 2), Math.floor(clip.columns / 2));
    });
    const point = ({ offsetX, offsetY }) => {
      const { clientWidth, clientHeight } = canvas;
      select(Math.floor((offsetY / clientHeight) * clip.rows), Math.floor((offsetX / clientWidth) * clip.columns));
    };
    const leave = () => {
      site = null;
      draw();
    };
    canvas.addEventListener("pointermove", point);
    canvas.addEventListener("pointerdown", (event) => {
      point(event);
      // A finger leaves the picture before that gets the focus, which keeps the site.
      canvas.focus({ preventScroll: true });
    });
    canvas.addEventListener("pointerleave", () => {
      if (document.activeElement !== canvas) leave();
    });
    canvas.addEventListener("blur", leave);

    // Names that are used once on the page.
    for (const radio of radios) radio.name = `wave-layer-${number}`;
    help.id = `wave-help-${number}`;
    canvas.setAttribute("aria-describedby", help.id);
    if (calm.matches) {
      speed.value = "3";
      loop.checked = false;
    }
    help.hidden = false;
    find(".wave-body").hidden = false;
    for (const mark of player.querySelectorAll("[data-kind]")) {
      const side = 18 * (window.devicePixelRatio || 1);
      [mark.width, mark.height] = [side, side];
      drawMark(mark.getContext("2d"), side / 2, side / 2, 0.33 * side, Number(mark.dataset.kind), 0);
    }
    key();
    // As wide as the picture may be, and its size does not follow from that of the picture.
    new ResizeObserver(([controls]) => {
      paint.fit(controls.contentRect.width);
      draw();
    }).observe(find(".wave-transport"));
  };

  document.querySelectorAll(".wave-player").forEach(start);
})();
