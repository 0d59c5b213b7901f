// The yardstick: what the smallest answer of Express costs on this machine. Its port comes over IPC.
import type { AddressInfo } from "node:net";
import express from "express";

const server = express()
  .get("/", (_request, response) => {
    response.json({ hello: "world" });
  })
  .listen(0, "127.0.0.1", () => process.send!((server.address() as AddressInfo).port));
process.once("disconnect", () => process.exit());
