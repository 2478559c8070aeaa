import ArgumentParser

#if canImport(Darwin)
    import Darwin
#elseif canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#endif

/// The verb `aviary kill ID…`.
struct KillCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "kill", abstract: "End servers at once, as a crash would (SIGKILL).")

    @OptionGroup var servers: ServerOptions

    func run() throws { try Program.run { try servers.send(SIGKILL, "killed") } }
}
