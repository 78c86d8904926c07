/** Writes tar archives that are the same bytes for the same content: fixed owner and time, order as given (POSIX ustar). */

export interface TarEntry {
  /** Without a leading slash; folders without a trailing one. */
  readonly path: string;
  readonly kind: 'file' | 'folder' | 'link';
  readonly mode: number;
  /** Of a file's content. */
  readonly sizeBytes: number;
  /** Of a symbolic link. */
  readonly target?: string;
}

const blockBytes = 512;
const typeFlags = { file: '0', link: '2', folder: '5' } as const;

/** The 512 bytes in front of an entry's content. */
export function tarHeader(entry: TarEntry): Buffer {
  const header = Buffer.alloc(blockBytes);
  const { name, prefix } = splitPath(entry.kind === 'folder' ? `${entry.path}/` : entry.path);
  const octal = (value: number, offset: number, width: number): void => {
    header.write(`${value.toString(8).padStart(width - 1, '0')}\0`, offset, 'latin1');
  };
  header.write(name, 0, 'utf8');
  octal(entry.mode, 100, 8);
  octal(0, 108, 8);
  octal(0, 116, 8);
  octal(entry.kind === 'file' ? entry.sizeBytes : 0, 124, 12);
  octal(0, 136, 12);
  header.write('        ', 148, 'latin1');
  header.write(typeFlags[entry.kind], 156, 'latin1');
  if (entry.target !== undefined) header.write(entry.target, 157, 100, 'utf8');
  header.write('ustar\u000000', 257, 'latin1');
  header.write(prefix, 345, 'utf8');
  let sum = 0;
  for (const byte of header) sum += byte;
  header.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 'latin1');
  return header;
}

/** The zeros that fill an entry's content up to a whole block. */
export function tarPadding(sizeBytes: number): Buffer {
  return Buffer.alloc((blockBytes - (sizeBytes % blockBytes)) % blockBytes);
}

/** The two empty blocks at the end of an archive. */
export const tarEnd = Buffer.alloc(2 * blockBytes);

/** ustar keeps 100 bytes of name and 155 of the folders in front of it. */
function splitPath(path: string): { name: string; prefix: string } {
  if (Buffer.byteLength(path) <= 100) return { name: path, prefix: '' };
  for (let slash = path.indexOf('/'); slash !== -1; slash = path.indexOf('/', slash + 1)) {
    const [prefix, name] = [path.slice(0, slash), path.slice(slash + 1)];
    if (name !== '' && Buffer.byteLength(name) <= 100 && Buffer.byteLength(prefix) <= 155)
      return { name, prefix };
  }
  throw new Error(`the path is too long for a tar archive: ${path}`);
}
