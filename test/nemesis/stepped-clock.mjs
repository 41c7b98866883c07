// Loaded into a gateway before it starts: its wall clock can be stepped from outside. Monotonic time and timers are not
// touched, as when an operator or NTP sets a machine's clock.
const Real = Date;
let offsetMs = 0;

globalThis.Date = class Date extends Real {
  constructor(...args) {
    if (args.length === 0) super(Real.now() + offsetMs);
    else super(...args);
  }
  static now() {
    return Real.now() + offsetMs;
  }
};

process.on('message', (message) => {
  if (typeof message?.stepMs === 'number') offsetMs = message.stepMs;
});
process.channel?.unref();
// Nobody is left who would stop it.
process.on('disconnect', () => process.exit(1));
