// Opens HTTP/2 streams without a message at a gRPC server. Reports to the parent how many were closed, and with which code.
import { connect, constants } from "node:http2";

const [address, path, connections, streamsEach] = process.argv.slice(2);
const codes: Record<number, number> = {};

for (let c = 0; c < Number(connections); c++) {
  const session = connect(`http://${address}`);
  session.on("error", () => {});
  session.once("remoteSettings", () => {
    for (let s = 0; s < Number(streamsEach); s++) {
      const headers = {
        ":method": "POST",
        ":path": path,
        "content-type": "application/grpc",
        te: "trailers",
      };
      const stream = session.request(headers, { endStream: false });
      stream.on("error", () => {}).resume();
      stream.once("close", () => {
        codes[stream.rstCode] = (codes[stream.rstCode] ?? 0) + 1;
      });
    }
  });
}

process.once("disconnect", () => process.exit());
setInterval(() => {
  process.send?.({
    refused: codes[constants.NGHTTP2_REFUSED_STREAM] ?? 0,
    cancelled: codes[constants.NGHTTP2_CANCEL] ?? 0,
  });
}, 100);
