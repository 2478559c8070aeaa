/// Dates in the form that Java prints: `Sat Nov 21 00:04:54 UTC 2026`.
public enum CalendarDate {
    private static let weekdays = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"]
    private static let months = [
        "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
    ]

    /// The date of so many milliseconds after 1970, in UTC.
    public static func text(milliseconds: Int64) -> String {
        let seconds = milliseconds >= 0 ? milliseconds / 1000 : (milliseconds - 999) / 1000
        let days = seconds >= 0 ? seconds / 86400 : (seconds - 86399) / 86400
        let ofDay = seconds - days * 86400
        let (year, month, day) = civil(daysSince1970: days)
        let weekday = weekdays[Int(((days % 7) + 7) % 7)]
        let clock = [ofDay / 3600, ofDay / 60 % 60, ofDay % 60].map(twoDigits)
            .joined(separator: ":")
        return "\(weekday) \(months[month - 1]) \(twoDigits(Int64(day))) \(clock) UTC \(year)"
    }

    /// `2026-11-21` and `00:04:54`, in UTC.
    public static func parts(milliseconds: Int64) -> (date: String, clock: String) {
        let seconds = milliseconds / 1000
        let (year, month, day) = civil(daysSince1970: seconds / 86400)
        let ofDay = seconds % 86400
        return (
            "\(year)-\(twoDigits(Int64(month)))-\(twoDigits(Int64(day)))",
            [ofDay / 3600, ofDay / 60 % 60, ofDay % 60].map(twoDigits).joined(separator: ":")
        )
    }

    private static func twoDigits(_ number: Int64) -> String {
        number < 10 ? "0\(number)" : String(number)
    }

    /// The proleptic Gregorian date, counted in eras of 400 years that begin in March.
    private static func civil(daysSince1970 days: Int64) -> (year: Int64, month: Int, day: Int) {
        let shifted = days + 719_468
        let era = (shifted >= 0 ? shifted : shifted - 146_096) / 146_097
        let ofEra = shifted - era * 146_097
        let yearOfEra = (ofEra - ofEra / 1460 + ofEra / 36524 - ofEra / 146_096) / 365
        let ofYear = ofEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let monthFromMarch = (5 * ofYear + 2) / 153
        let day = Int(ofYear - (153 * monthFromMarch + 2) / 5) + 1
        let month = Int(monthFromMarch < 10 ? monthFromMarch + 3 : monthFromMarch - 9)
        return (yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, day)
    }
}
