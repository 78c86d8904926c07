/** What the marks of the graph mean. */

export function GraphLegend() {
  return (
    <details class="graph-legend">
      <summary>Legend</summary>
      <ul>
        <li>
          <i class="swatch swatch-good" /> at least 99.9 % succeed
        </li>
        <li>
          <i class="swatch swatch-degraded" /> 95 % to 99.9 %
        </li>
        <li>
          <i class="swatch swatch-bad" /> less than 95 %
        </li>
        <li>
          <i class="swatch swatch-unknown" /> no requests (TCP)
        </li>
        <li>wider: more requests; dashed or open lock: no mutual TLS</li>
        <li>● workload ■ Service ◆ gateway ▲ outside</li>
      </ul>
    </details>
  );
}
