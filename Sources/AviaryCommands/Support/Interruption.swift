import Dispatch
import Synchronization

#if canImport(Darwin)
    import Darwin
#elseif canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#endif

/// Ctrl-C and SIGTERM as something a loop asks for: the first is a wish, the second ends the program.
final class Interruption {
    private let arrivals = Arrivals()
    private let sources: [any DispatchSourceSignal]

    /// From now on the signals end nothing by themselves.
    init() {
        sources = [SIGINT, SIGTERM].map { number in
            signal(number, SIG_IGN)
            return DispatchSource.makeSignalSource(signal: number, queue: DispatchQueue.global())
        }
        for source in sources {
            source.setEventHandler { [arrivals] in arrivals.note() }
            source.resume()
        }
    }

    deinit {
        for source in sources { source.cancel() }
    }

    /// Whether one has come.
    var hasCome: Bool { arrivals.count.withLock { $0 > 0 } }

    /// Waits for so long; true, and at once, if a signal comes or has come.
    func wait(milliseconds: Int) -> Bool {
        if hasCome { return true }
        return arrivals.woken.wait(timeout: .now() + .milliseconds(milliseconds)) == .success
    }

    /// What the handlers of the signals share with whoever asks.
    private final class Arrivals: Sendable {
        let count = Mutex(0)
        let woken = DispatchSemaphore(value: 0)

        func note() {
            let now = count.withLock { count in
                count += 1
                return count
            }
            if now > 1 { _exit(ExitStatus.interrupted.rawValue) }
            woken.signal()
        }
    }
}
