// Folders that are chosen or dropped: their files, with the path of each.

/** @type {WeakMap<File, string>} */
const paths = new WeakMap();

/**
 * The path of a file in the folder that it came with; its name if it came alone.
 * @param {File} file
 */
export function pathOf(file) {
  return paths.get(file) ?? (file.webkitRelativePath || file.name);
}

/**
 * The photos among the files of a folder: folders also have files that no one means to send.
 * @param {File[]} files
 */
export function photosAmong(files) {
  return files.filter((file) => file.type.startsWith("image/"));
}

/**
 * What was dropped. Of a folder, all photos in it and in the folders in it.
 * @param {DataTransfer | null} dropped
 * @returns {Promise<File[]>}
 */
export async function droppedFiles(dropped) {
  // All entries first: the list is empty once this function has waited.
  const items = [...(dropped?.items ?? [])].filter((item) => item.kind === "file");
  const found = items.map((item) => ({ entry: item.webkitGetAsEntry(), file: item.getAsFile() }));
  const files = await Promise.all(
    found.map(async ({ entry, file }) => {
      if (entry?.isDirectory) return photosAmong(await filesIn(/** @type {FileSystemDirectoryEntry} */ (entry)));
      return file ? [file] : [];
    }),
  );
  return files.flat();
}

/**
 * @param {FileSystemDirectoryEntry} folder
 * @returns {Promise<File[]>}
 */
async function filesIn(folder) {
  const reader = folder.createReader();
  /** @type {FileSystemEntry[]} */
  const entries = [];
  for (;;) {
    const some = await new Promise((/** @type {(read: FileSystemEntry[]) => void} */ resolve, reject) => reader.readEntries(resolve, reject));
    if (some.length === 0) break;
    entries.push(...some);
  }
  entries.sort((a, b) => (a.name < b.name ? -1 : 1));
  const files = await Promise.all(entries.map(fileOf));
  return files.flat();
}

/**
 * @param {FileSystemEntry} entry
 * @returns {Promise<File[]>}
 */
async function fileOf(entry) {
  if (entry.isDirectory) return filesIn(/** @type {FileSystemDirectoryEntry} */ (entry));
  const file = await new Promise((/** @type {(file: File) => void} */ resolve, reject) =>
    /** @type {FileSystemFileEntry} */ (entry).file(resolve, reject),
  );
  paths.set(file, entry.fullPath.replace(/^\//, ""));
  return [file];
}
