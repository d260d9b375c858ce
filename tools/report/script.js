// Draws the figures of the page with Plotly, in the colours of the page.
"use strict";

const data = JSON.parse(document.getElementById("data").textContent);
const markers = ["circle", "square", "diamond", "triangle-up", "triangle-down",
                 "cross", "star", "x"];

function colourOf(name) {
  return getComputedStyle(document.documentElement)
      .getPropertyValue(name).trim();
}

// The last of the colours is black: on a dark ground it takes the text's.
function seriesColour(index) {
  const colour = data.colours[index % data.colours.length];
  return colour === "#000000" ? colourOf("--text") : colour;
}

function whiskers(points, colour) {
  return {
    type: "data", symmetric: false, color: colour, thickness: 1.5, width: 4,
    array: points.map((point) => point.high - point.y),
    arrayminus: points.map((point) => point.y - point.low),
  };
}

function lineTraces(series, index) {
  const colour = seriesColour(index);
  const points = series.points;
  const group = `series-${index}`;
  const repetitions = points.flatMap((point) => point.repetitions);
  return [{
    type: "scatter", mode: "lines+markers", name: series.name,
    legendgroup: group,
    x: points.map((point) => point.x), y: points.map((point) => point.y),
    error_y: whiskers(points, colour), line: {color: colour},
    marker: {color: colour, size: 7, symbol: markers[index % markers.length]},
  }, {
    type: "scatter", mode: "markers", name: `${series.name} repetitions`,
    legendgroup: group, showlegend: false, opacity: 0.35,
    x: repetitions.map((point) => point.x),
    y: repetitions.map((point) => point.y),
    marker: {color: colour, size: 4},
  }];
}

function barTraces(series, index) {
  const colour = seriesColour(index);
  return [{
    type: "bar", name: series.name,
    x: series.points.map((point) => String(point.x)),
    y: series.points.map((point) => point.y),
    error_y: whiskers(series.points, colourOf("--text")),
    marker: {color: colour},
  }];
}

function cdfTraces(series, index) {
  return [{
    type: "scatter", mode: "lines", name: series.name,
    x: series.points.map((point) => point.x),
    y: series.points.map((point) => point.y),
    line: {color: seriesColour(index), shape: "hv"},
  }];
}

function layoutOf(figure) {
  const axis = (label, isLog) => ({
    title: {text: label}, type: isLog ? "log" : undefined,
    gridcolor: colourOf("--line"), zerolinecolor: colourOf("--line"),
    automargin: true,
  });
  const layout = {
    paper_bgcolor: "rgba(0,0,0,0)", plot_bgcolor: "rgba(0,0,0,0)",
    font: {color: colourOf("--text"), family: "system-ui, sans-serif"},
    margin: {t: 35, r: 20, b: 50, l: 60}, barmode: "group",
    modebar: {bgcolor: "rgba(0,0,0,0)", color: colourOf("--quiet"),
              activecolor: colourOf("--text")},
    xaxis: axis(figure.x_label, figure.x_log),
    yaxis: axis(figure.y_label, figure.y_log),
    legend: {orientation: "h", y: -0.25},
    showlegend: figure.series.some((series) => series.name !== ""),
    hovermode: "closest",
  };
  if (figure.type === "bar") layout.xaxis.type = "category";
  if (!figure.y_log) layout.yaxis.rangemode = "tozero";
  return layout;
}

function draw() {
  const traces = {line: lineTraces, bar: barTraces, cdf: cdfTraces};
  data.figures.forEach((figure, index) => {
    Plotly.react(`figure-${index}`,
                 figure.series.flatMap(traces[figure.type]), layoutOf(figure),
                 {responsive: true, displaylogo: false,
                  modeBarButtons: [["toImage", "zoom2d", "pan2d",
                                    "resetScale2d"]],
                  toImageButtonOptions: {format: "svg"}});
  });
}

draw();
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", draw);
document.body.dataset.drawn = String(data.figures.length);
