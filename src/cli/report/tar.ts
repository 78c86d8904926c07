/** Files as a tar archive (POSIX ustar), uncompressed. */

const blockBytes = 512;

export interface ArchiveFile {
  /** ASCII, up to 100 characters, or up to 255 with a slash where it can be divided. */
  readonly path: string;
  readonly content: Buffer;
}

/** @param modifiedMs of all files. Throws where a path is too long for the format. */
export function tar(files: readonly ArchiveFile[], modifiedMs: number): Buffer {
  const blocks = files.flatMap(({ path, content }) => [
    header(path, content.byteLength, modifiedMs),
    content,
    Buffer.alloc((blockBytes - (content.byteLength % blockBytes)) % blockBytes),
  ]);
  return Buffer.concat([...blocks, Buffer.alloc(2 * blockBytes)]);
}

function header(path: string, size: number, modifiedMs: number): Buffer {
  const { name, prefix } = divided(path);
  const block = Buffer.alloc(blockBytes);
  const octal = (value: number, at: number, length: number): void => {
    block.write(
      `${Math.floor(value)
        .toString(8)
        .padStart(length - 1, '0')}\0`,
      at,
    );
  };
  block.write(name, 0);
  octal(0o600, 100, 8);
  octal(0, 108, 8);
  octal(0, 116, 8);
  octal(size, 124, 12);
  octal(modifiedMs / 1000, 136, 12);
  // The sum is made with blanks in its own place.
  block.write('        ', 148);
  block.write('0', 156);
  block.write('ustar\x0000', 257);
  block.write(prefix, 345);
  let sum = 0;
  for (const byte of block) sum += byte;
  block.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148);
  return block;
}

function divided(path: string): { readonly name: string; readonly prefix: string } {
  if (path.length <= 100) return { name: path, prefix: '' };
  const slash = path.indexOf('/', path.length - 101);
  if (slash < 0 || slash > 155) throw new Error(`the path ${path} is too long for an archive`);
  return { name: path.slice(slash + 1), prefix: path.slice(0, slash) };
}
