/** How the gateway is doing, as charts. */
export function Overview() {
  return (
    <div class="page">
      <h1>Overview</h1>
    </div>
  );
}
