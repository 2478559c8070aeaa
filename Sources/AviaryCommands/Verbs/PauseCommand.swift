import ArgumentParser

#if canImport(Darwin)
    import Darwin
#elseif canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#endif

/// The verb `aviary pause ID…`.
struct PauseCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "pause", abstract: "Freeze servers, as a stalled machine would (SIGSTOP).")

    @OptionGroup var servers: ServerOptions

    func run() throws { try Program.run { try servers.send(SIGSTOP, "paused") } }
}
