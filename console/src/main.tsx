import { render } from "preact";
import { App } from "./app.tsx";
import "uplot/dist/uPlot.min.css";
import "./styles/base.css";
import "./styles/frame.css";
import "./styles/forms.css";
import "./styles/tables.css";
import "./styles/figures.css";

const root = document.getElementById("console");
if (root) render(<App />, root);
