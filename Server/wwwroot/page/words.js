// Numbers and times in the reader's locale and time zone.
const whole = new Intl.NumberFormat();
const litre = new Intl.NumberFormat(undefined, { style: 'unit', unit: 'liter', maximumFractionDigits: 1 });
const wholeLitre = new Intl.NumberFormat(undefined, { style: 'unit', unit: 'liter', maximumFractionDigits: 0 });
const millilitre = new Intl.NumberFormat(undefined, { style: 'unit', unit: 'milliliter', maximumFractionDigits: 1 });
const share = new Intl.NumberFormat(undefined, { style: 'percent', minimumFractionDigits: 1, maximumFractionDigits: 1 });
const minute = new Intl.DateTimeFormat(undefined, { timeStyle: 'short' });
const second = new Intl.DateTimeFormat(undefined, { timeStyle: 'medium' });
const day = new Intl.DateTimeFormat(undefined, { day: 'numeric', month: 'short' });
const full = new Intl.DateTimeFormat(undefined, { dateStyle: 'full', timeStyle: 'medium' });
const long = new Intl.DateTimeFormat(undefined, { weekday: 'short', day: 'numeric', month: 'short' });

export const number = value => whole.format(value);
export const litres = millilitres => litre.format(millilitres / 1000);
/** For small places: without a tenth where it tells nothing. */
export const roundLitres = millilitres => (millilitres < 100_000 ? litre : wholeLitre).format(millilitres / 1000);
export const millilitres = value => millilitre.format(value);
/** @param part of a whole, 0 to 1 */
export const percent = part => share.format(part);
export const clock = time => minute.format(time);
export const date = time => long.format(time);
export const moment = time => full.format(time);

export const midnight = (time = new Date()) => new Date(time.getFullYear(), time.getMonth(), time.getDate());

// Asked for every row and tile: kept until the day ends.
let today = { from: 0, to: 0 };
const isToday = time => {
  if (Date.now() >= today.to) {
    const from = midnight();
    today = { from: from.getTime(), to: new Date(from.getFullYear(), from.getMonth(), from.getDate() + 1).getTime() };
  }
  return time >= today.from && time < today.to;
};

/** The time alone when it is today's, else the day with it. */
export const when = time => isToday(time) ? second.format(time) : `${day.format(time)}, ${minute.format(time)}`;
export const shortly = time => isToday(time) ? minute.format(time) : day.format(time);

export const beers = count => `${number(count)} ${count === 1 ? 'beer' : 'beers'}`;
