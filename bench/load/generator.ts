// The load generator: a process of its own, so that what it costs is not counted. Takes tasks over IPC, one at a time.
import { Client } from "./client.ts";
import { Crowd } from "./crowd.ts";
import { drive } from "./drive.ts";
import type { LoadResult, Reply, Results, Task } from "./tasks.ts";

const crowds = new Map<string, Crowd>();

process.on("message", (task: Task) => {
  perform(task)
    .then(
      (result): Reply => ({ result }),
      (error: Error): Reply => ({ error: error.message }),
    )
    .then((reply) => process.send!(reply));
});
process.once("disconnect", () => process.exit());

async function perform(task: Task): Promise<Results[keyof Results]> {
  switch (task.name) {
    case "prepare":
      crowds.set(task.url, await Crowd.gather(task.url, task.clients));
      return undefined;
    case "stock":
      await crowds.get(task.url)!.stock(task.bookings);
      return undefined;
    case "book":
      return await crowds.get(task.url)!.book(task.seconds);
    case "list":
      return await crowds.get(task.url)!.list(task.seconds);
    case "verify":
      return await crowds.get(task.url)!.verify();
    case "hello":
      return await hello(task.url, task.clients, task.seconds);
  }
}

async function hello(url: string, clients: number, seconds: number): Promise<LoadResult> {
  const client = new Client(url);
  return await drive(clients, seconds, () => client.send({ method: "GET", path: "/" }));
}
