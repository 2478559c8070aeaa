/// A monotonic clock that is not quite right: it runs a little fast or slow.
struct SkewedClock {
    /// Its milliseconds in a million microseconds; 1000 is right.
    var rate: Int64 = 1000

    /// What it shows, in milliseconds.
    func milliseconds(at now: Int64) -> Int64 { now * rate / 1_000_000 }

    /// When it will show that, in microseconds.
    func time(of milliseconds: Int64) -> Int64 {
        (milliseconds * 1_000_000 + rate - 1) / rate
    }
}
