import ArgumentParser

#if canImport(Darwin)
    import Darwin
#elseif canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#endif

/// The verb `aviary resume ID…`.
struct ResumeCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "resume", abstract: "Let frozen servers go on (SIGCONT).")

    @OptionGroup var servers: ServerOptions

    func run() throws { try Program.run { try servers.send(SIGCONT, "resumed") } }
}
