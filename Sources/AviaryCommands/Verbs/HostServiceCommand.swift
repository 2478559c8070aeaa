import ArgumentParser
import AviaryEnsemble

/// The verb `aviary host-service`: what a launcher elsewhere talks to over ssh.
struct HostServiceCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "host-service", abstract: "Do what a launcher says over ssh.",
        shouldDisplay: false)

    func run() { HostService().run() }
}
