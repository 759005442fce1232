// Which samples of a row a triangle covers: its edges as columns that move by equal steps from row to row.

/**
 * Turns the barycentric coordinates of a triangle into its edges, so that rows are filled from edge to edge. That costs
 * three divisions a triangle; testing the samples of its box would cost more, as a triangle fills a fifth of it.
 */
export class TriangleEdges {
  /**
   * In: second and third coordinate at a first sample (0, 1), their changes to the next column (2, 3) and to the next
   * row (4, 5).
   */
  readonly origin = new Float64Array(6);
  /**
   * Out: two left edges and two right ones, each as its column in the first row, counted from the first sample, and its
   * step to the next row. Covered are the columns between both left and both right edges, edges included.
   */
  readonly columns = new Float64Array(8);

  find(): void {
    const { origin, columns } = this;
    columns[0] = columns[2] = -FAR;
    columns[4] = columns[6] = FAR;
    columns[1] = columns[3] = columns[5] = columns[7] = 0;
    let left = 0;
    let right = 4;
    for (let k = 0; k < 3; k++) {
      const across = k === 2 ? -origin[2] - origin[3] : origin[2 + k];
      // A level edge bounds rows, not columns.
      if (across === 0) continue;
      const value = k === 2 ? 1 - origin[0] - origin[1] : origin[k];
      const down = k === 2 ? -origin[4] - origin[5] : origin[4 + k];
      const per = -1 / across;
      if (across > 0) {
        // The coordinate grows to the right of a left edge.
        columns[left] = value * per - OVERLAP;
        columns[left + 1] = down * per;
        left = 2;
      } else {
        columns[right] = value * per + OVERLAP;
        columns[right + 1] = down * per;
        right = 6;
      }
    }
  }
}

/** Further away than any column. */
const FAR = 1e9;
/** Columns by which triangles overlap, so that rounding opens no gap between neighbours. */
const OVERLAP = 1e-7;
