/** Node of a list. With the node, its item can be deleted in constant time. */
export interface Link<T> {
  readonly item: T;
  previous: Link<T> | undefined;
  next: Link<T> | undefined;
  isListed: boolean;
}

/**
 * Doubly linked list in insertion order, for collections that change with each call. A Set or Map would
 * retain deleted items for minutes, because V8 links each outgrown hash table of the collection to the next
 * table (decision 0034).
 */
export class LinkedList<T> implements Iterable<Link<T>> {
  #first: Link<T> | undefined;
  #last: Link<T> | undefined;
  #size = 0;

  get size(): number {
    return this.#size;
  }

  add(item: T): Link<T> {
    const link: Link<T> = { item, previous: this.#last, next: undefined, isListed: true };
    if (this.#last) this.#last.next = link;
    else this.#first = link;
    this.#last = link;
    this.#size += 1;
    return link;
  }

  /** Deletes a link. @returns false if the link was deleted before */
  delete(link: Link<T>): boolean {
    if (!link.isListed) return false;
    const { previous, next } = link;
    if (previous) previous.next = next;
    else this.#first = next;
    if (next) next.previous = previous;
    else this.#last = previous;
    link.isListed = false;
    // Cleared, because otherwise a deleted link that is still referenced would retain all links after it.
    link.previous = undefined;
    link.next = undefined;
    this.#size -= 1;
    return true;
  }

  /** Iterates over the links. The current link may be deleted during the iteration. */
  *[Symbol.iterator](): Generator<Link<T>> {
    for (let link = this.#first; link; ) {
      const { next } = link;
      yield link;
      link = next;
    }
  }
}
