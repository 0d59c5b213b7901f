// The load generator runs tasks that it receives over IPC. It is a separate process, so that its CPU time is
// not counted as the system's.
import type { Crowd } from "./crowd.ts";
import { MedconnectCrowd } from "./medconnect-crowd.ts";
import { ReferenceCrowd } from "./reference-crowd.ts";
import type { Reply, Results, Task } from "./tasks.ts";

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
  if (task.name === "prepare") {
    const { gather } = task.api === "medconnect" ? MedconnectCrowd : ReferenceCrowd;
    crowds.set(task.url, await gather(task.url));
    return undefined;
  }
  const crowd = crowds.get(task.url)!;
  switch (task.name) {
    case "stock":
      await crowd.stock(task.workload, task.bookings);
      return undefined;
    case "run":
      return await crowd.run(task.workload, task.clients, task.seconds);
    case "verify":
      return await crowd.verify();
  }
}
