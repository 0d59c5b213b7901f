// Opens HTTP/2 streams at a gRPC server, and reports to the parent process how many were closed with which
// code. Each stream sends the first bytes of a message of 1 MiB (none by default), or a complete empty
// message if the last argument is "empty".
import { connect, constants } from "node:http2";

const [address, path, connections, streamsEach, bytes = "0"] = process.argv.slice(2);
const isComplete = bytes === "empty";
/**
 * Bytes that each stream sends: none, a complete gRPC message without content ("empty"), or the first bytes
 * of a message of 1 MiB.
 */
const message = Buffer.alloc(isComplete ? 5 : Number(bytes));
if (message.length > 0 && !isComplete) message.writeUInt32BE(1024 * 1024, 1);
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
      if (message.length > 0) stream.write(message);
      if (isComplete) stream.end();
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
    calmed: codes[constants.NGHTTP2_ENHANCE_YOUR_CALM] ?? 0,
  });
}, 100);
