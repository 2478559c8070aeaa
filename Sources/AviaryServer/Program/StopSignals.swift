import Dispatch

#if canImport(Darwin)
    import Darwin
#elseif canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#endif

/// Turns SIGTERM and SIGINT into a clean stop.
final class StopSignals {
    private let sources: [any DispatchSourceSignal]

    /// Calls `stop` at the first of either signal, on another thread.
    init(_ stop: @escaping @Sendable () -> Void) {
        self.sources = [SIGTERM, SIGINT].map { number in
            signal(number, SIG_IGN)
            let source = DispatchSource.makeSignalSource(
                signal: number, queue: DispatchQueue.global())
            source.setEventHandler { stop() }
            source.resume()
            return source
        }
    }

    /// Lets go of the signals.
    func stop() {
        for source in sources { source.cancel() }
    }
}
