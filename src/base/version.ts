/** Weft's own version; a test keeps it equal to package.json and the chart. */
export const version = '0.1.0';
