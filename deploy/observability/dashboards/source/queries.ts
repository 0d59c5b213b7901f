/** Rate of a counter per second. Grafana chooses the window to fit the scrape interval. */
export const rate = (selector: string): string => `rate(${selector}[$__rate_interval])`;

/** Sum of a counter's rates, one series for each combination of the labels. */
export const rateBy = (labels: string, selector: string): string => `sum by (${labels}) (${rate(selector)})`;

/** Sum of a counter's rates; 0 while the counter does not exist, which is before its first event. */
export const rateOrZero = (selector: string): string => `sum(${rate(selector)}) or vector(0)`;

/** Quantile of a histogram, one series for each combination of the labels. */
export function quantileBy(labels: string, histogram: string, quantile: number, selector = ""): string {
  const all = ["le", labels].filter(Boolean).join(", ");
  return `histogram_quantile(${quantile}, ${rateBy(all, `${histogram}_bucket${selector}`)})`;
}
