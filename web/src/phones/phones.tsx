/** Phones side by side: this browser and the virtual ones of the demo. */
export function Phones() {
  return (
    <div class="page">
      <h1>Phones</h1>
    </div>
  );
}
