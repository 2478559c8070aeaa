import ServerCore

#if canImport(Darwin)
    import Darwin
#elseif canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#endif

/// Both clocks of this machine.
enum Clock {
    /// The present moment.
    static func now() -> Moment {
        Moment(
            monotonicMilliseconds: milliseconds(CLOCK_MONOTONIC),
            wallMilliseconds: milliseconds(CLOCK_REALTIME))
    }

    private static func milliseconds(_ clock: clockid_t) -> Int64 {
        var time = timespec()
        unsafe clock_gettime(clock, &time)
        return Int64(time.tv_sec) * 1000 + Int64(time.tv_nsec) / 1_000_000
    }
}
