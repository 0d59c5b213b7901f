import { type FSWatcher, readdirSync, statSync, watch } from "node:fs";
import { join } from "node:path";

/** Folders without source files that processes run. */
const IGNORED_FOLDERS = new Set(["node_modules", "gen", "testing"]);
/** Source files, and not the temporary files of editors. */
const SOURCE = /^[^.].*\.(tsx?|mjs|proto|json|css|html|js)$/;
const TEST = /\.test\.ts$/;
/** An editor or `git checkout` saves several files at once. */
const SETTLE_MS = 20;

/** Calls back after source files were saved. It watches each folder, because editors replace files. */
export class SourceWatcher {
  readonly #root: string;
  readonly #onChange: (files: string[], savedAtMs: number) => void;
  readonly #watchers = new Map<string, FSWatcher>();
  readonly #files = new Set<string>();
  #savedAtMs = 0;
  #timer: NodeJS.Timeout | undefined;

  /**
   * @param folders relative to `root`
   * @param onChange gets the files, relative to `root`, and the time of the first event in ms
   */
  constructor(
    root: string,
    folders: readonly string[],
    onChange: (files: string[], savedAtMs: number) => void,
  ) {
    this.#root = root;
    this.#onChange = onChange;
    for (const folder of folders) this.#watch(folder);
  }

  stop(): void {
    clearTimeout(this.#timer);
    for (const watcher of this.#watchers.values()) watcher.close();
  }

  /** Watches a folder and those below it. */
  #watch(folder: string): void {
    if (this.#watchers.has(folder)) return;
    const watcher = watch(join(this.#root, folder), (_, name) => name !== null && this.#note(folder, name));
    // A deleted folder ends its watcher with an error on some systems.
    watcher.on("error", () => this.#forget(folder));
    this.#watchers.set(folder, watcher);
    for (const entry of readdirSync(join(this.#root, folder), { withFileTypes: true })) {
      if (entry.isDirectory() && !IGNORED_FOLDERS.has(entry.name)) this.#watch(join(folder, entry.name));
    }
  }

  #forget(folder: string): void {
    this.#watchers.get(folder)?.close();
    this.#watchers.delete(folder);
  }

  #note(folder: string, name: string): void {
    const path = join(folder, name);
    if (SOURCE.test(name) && !TEST.test(name)) this.#change(path);
    else if (!IGNORED_FOLDERS.has(name)) this.#noteFolder(path);
  }

  /** Watches a new folder. Its files may have been saved before. */
  #noteFolder(path: string): void {
    const isFolder = statSync(join(this.#root, path), { throwIfNoEntry: false })?.isDirectory() === true;
    if (!isFolder) {
      this.#forget(path);
    } else if (!this.#watchers.has(path)) {
      this.#watch(path);
      this.#change(path);
    }
  }

  #change(path: string): void {
    if (this.#files.size === 0) this.#savedAtMs = Date.now();
    this.#files.add(path);
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      const files = [...this.#files];
      this.#files.clear();
      this.#onChange(files, this.#savedAtMs);
    }, SETTLE_MS);
  }
}
