/*
 * Days as numbers: days since 1970-01-01, in UTC. No clock and no time zone of the reader has a say.
 */
const DAY_MS = 86400000;
const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
const WEEKDAYS = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"];

/* "2026-03-20", or null if that is none. */
export function day_of(text) {
    const ms = /^\d{4,6}-\d\d-\d\d$/.test(text) ? Date.parse(text + "T00:00:00Z") : NaN;

    return Number.isNaN(ms) ? null : ms / DAY_MS;
}

export function day_text(day) {
    return new Date(day * DAY_MS).toISOString().slice(0, 10);
}

/* 0 is Monday, as weeks begin in ISO 8601. */
export function weekday_of(day) {
    return (((day + 3) % 7) + 7) % 7;
}

export function weekday_name(day) {
    return WEEKDAYS[(weekday_of(day) + 1) % 7];
}

/* Months since the year 0. */
export function month_of(day) {
    const date = new Date(day * DAY_MS);

    return date.getUTCFullYear() * 12 + date.getUTCMonth();
}

export function day_of_month(month) {
    return Date.UTC(Math.floor(month / 12), month % 12, 1) / DAY_MS;
}

export function month_text(month) {
    return `${Math.floor(month / 12)}-${String((month % 12) + 1).padStart(2, "0")}`;
}

export function month_name(month) {
    return MONTHS[month % 12];
}

export function year_of(month) {
    return Math.floor(month / 12);
}

/* A half-open range of days, as people say it: both ends included. */
export function range_text(since, until) {
    return until - since === 1 ? day_text(since) : `${day_text(since)} to ${day_text(until - 1)}`;
}
