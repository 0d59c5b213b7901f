import type { Method } from "@medconnect/platform/contract/methods.ts";
import {
  MethodRules_Task as Task,
  MethodRules_TaskSchema as TaskSchema,
} from "@medconnect/proto/es/medconnect/options/v1/options_pb.js";
import type { Route } from "../rpc/routes.ts";
import { commentOn } from "./comments.ts";
import type { Schema } from "./json-schema.ts";

/** A tag of the document, with the guide of its task. */
export interface TaskTag extends Schema {
  name: string;
  description: string;
  externalDocs: { description: string; url: string };
}

/** Tags of the operations: the tasks of the contract, each with a link to its guide. */
export function tagsOf(routes: readonly Route[], apiUrl: string): TaskTag[] {
  const used = new Set(routes.map(({ method }) => method.rules.task));
  return TaskSchema.values
    .filter(({ number }) => used.has(number))
    .map((task) => ({
      name: nameOf(task.name),
      description: commentOn(task),
      externalDocs: { description: "Guide", url: `${apiUrl}/docs/guides/${guideOf(task.name)}` },
    }));
}

/** The tag of an operation: the method's task, such as "Find a doctor". */
export const tagOf = ({ rules }: Method): string => nameOf(Task[rules.task]);

/** FIND_A_DOCTOR is "Find a doctor". */
const nameOf = (task: string): string => task.charAt(0) + task.slice(1).toLowerCase().replaceAll("_", " ");

/** Name of a task's guide in docs/guides: FIND_A_DOCTOR has find-a-doctor. */
const guideOf = (task: string): string => task.toLowerCase().replaceAll("_", "-");

/**
 * Routes in the order of their tasks. Within a task, they stay in the order of the protos, and those that the
 * gateway composes come last.
 */
export const inOrderOfTasks = (routes: readonly Route[]): Route[] =>
  routes.toSorted((a, b) => {
    const [one, other] = [a.method.rules, b.method.rules];
    const byTask = one.task - other.task || Number(one.composed) - Number(other.composed);
    return byTask || a.method.desc.parent.typeName.localeCompare(b.method.desc.parent.typeName);
  });
