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

/** Mean of a histogram, one series for each combination of the labels. @param matchers such as `a="b"` */
export const meanBy = (labels: string, histogram: string, matchers = ""): string =>
  `${rateBy(labels, `${histogram}_sum{${matchers}}`)} / ${rateBy(labels, `${histogram}_count{${matchers}}`)}`;

/** Share of a histogram's values above one of its bounds. @param matchers such as `a="b"` */
export function shareAbove(labels: string, histogram: string, bound: string, matchers = ""): string {
  const below = [`le="${bound}"`, matchers].filter(Boolean).join(",");
  return `1 - ${rateBy(labels, `${histogram}_bucket{${below}}`)} / ${rateBy(labels, `${histogram}_count{${matchers}}`)}`;
}
