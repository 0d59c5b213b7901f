import { connect, type Socket } from "node:net";

export interface RawAnswer {
  status: number;
  headers: Record<string, string>;
  body: string;
}

/** Sends a text as it is. Returns all answers until the gateway closes the connection. */
export async function exchange(text: string, { port }: { port: number }): Promise<RawAnswer[]> {
  const socket = connect(port, "127.0.0.1").setEncoding("latin1");
  let received = "";
  socket.on("data", (data) => {
    received += data;
  });
  socket.on("error", () => {});
  socket.write(Buffer.from(text, "latin1"));
  await closed(socket);
  return parse(received);
}

const closed = (socket: Socket) => new Promise<void>((resolve) => socket.once("close", () => resolve()));

function parse(text: string): RawAnswer[] {
  if (text === "") return [];
  const end = text.indexOf("\r\n\r\n");
  const [line = "", ...fields] = text.slice(0, end).split("\r\n");
  const headers = Object.fromEntries(
    fields.map((field) => [field.split(":", 1)[0]!.toLowerCase(), field.slice(field.indexOf(":") + 2)]),
  );
  const bodyEnd = end + 4 + Number(headers["content-length"] ?? 0);
  const answer = { status: Number(line.split(" ")[1]), headers, body: text.slice(end + 4, bodyEnd) };
  return [answer, ...parse(text.slice(bodyEnd))];
}
