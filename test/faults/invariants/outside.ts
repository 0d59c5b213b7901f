import type { Json } from "../../support/api.ts";
import { Grpc } from "../../support/grpc.ts";
import { type Believer, beliefOf, contradiction } from "../belief.ts";
import type { System } from "../system.ts";

const PAGE_SIZE = 100;

/** What people see of their own, over HTTP and straight over gRPC: the same, and what was acknowledged. */
export async function contradictionsOutside(
  system: System,
  believers: readonly Believer[],
): Promise<string[]> {
  const straight = new Grpc(system.stack.addresses.scheduling);
  const wrong: string[] = [];
  try {
    for (const believer of believers) wrong.push(...(await contradictionsOf(believer, system, straight)));
  } finally {
    straight.close();
  }
  return wrong;
}

async function contradictionsOf(believer: Believer, system: System, straight: Grpc): Promise<string[]> {
  const { beliefs, token } = believer;
  const wrong: string[] = [];
  const overHttp = await allPages(async (pageToken) => {
    const path = `/v1/bookings?pageSize=${PAGE_SIZE}&pageToken=${encodeURIComponent(pageToken)}`;
    const { kind, body, reason } = await system.http.send(`GET ${path}`, { token });
    if (kind !== "ok") throw new Error(`bookings cannot be listed: ${reason}`);
    return body;
  });
  const overGrpc = await allPages(async (pageToken) => {
    const request = { pageSize: PAGE_SIZE, pageToken };
    const { name, body } = await straight.call("scheduling.v1.BookingService/ListBookings", request, {
      token,
    });
    if (name !== "OK") throw new Error(`bookings cannot be listed over gRPC: ${name}`);
    return body;
  });
  for (const [way, bookings] of Object.entries({ HTTP: overHttp, gRPC: overGrpc })) {
    const ids = new Set(bookings.map(({ id }) => id));
    if (ids.size !== bookings.length) wrong.push(`a booking is listed twice over ${way}`);
    for (const id of beliefs.keys()) if (!ids.has(id)) wrong.push(`booking ${id} is not listed over ${way}`);
    for (const booking of bookings) {
      const belief = beliefs.get(String(booking.id));
      const problem = belief && contradiction(belief, beliefOf(booking));
      if (problem) wrong.push(`${problem} (${way})`);
    }
  }
  return wrong;
}

async function allPages(ask: (pageToken: string) => Promise<Json>): Promise<Json[]> {
  const bookings: Json[] = [];
  let pageToken = "";
  do {
    const page = await ask(pageToken);
    bookings.push(...(page.bookings as Json[]));
    pageToken = String(page.nextPageToken ?? "");
  } while (pageToken !== "");
  return bookings;
}
