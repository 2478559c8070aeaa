import ArgumentParser
import AviaryEnsemble

/// The verb `aviary roll [ID…] [SPEC] [--binary PATH|--image NAME|--restart COMMAND]`.
struct RollCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "roll", abstract: "Restart servers one after the other, the leader last.",
        discussion: """
            Each is back in step with the leader before the next one stops. A server that does not \
            come back with a new binary gets its old one, and nothing more is restarted. With \
            'runtime: external' name the spec, and a command that restarts one server, as in \
            --restart 'ssh "$AVIARY_HOST" systemctl restart zookeeper'; without one, on a terminal, \
            it says whom to restart and waits until somebody has.
            """)

    @Argument(
        help: "The ids of the servers, all of them if none is named; the spec (runtime external).",
        completion: .file(extensions: ["yaml", "yml"]))
    var words: [String] = []

    @Option(name: .long, help: "The binary to start them from.", completion: .file())
    var binary: String?

    @Option(name: .long, help: "The image to start them from (runtime docker).")
    var image: String?

    @Option(
        name: .long,
        help: """
            The command that restarts the server AVIARY_ID on AVIARY_HOST, with clients at \
            AVIARY_CLIENT (runtime external).
            """)
    var restart: String?

    @OptionGroup var options: ChangeOptions

    private var ids: [Int] { words.compactMap { Int($0) } }
    private var specs: [String] { words.filter { Int($0) == nil } }

    func validate() throws {
        if image?.hasPrefix("-") ?? false {
            throw ValidationError("--image is the name of an image, which does not begin with -")
        }
        if specs.count > 1 {
            throw ValidationError(
                "a roll takes ids and one spec, and not \(specs.joined(separator: " and "))")
        }
        if restart?.allSatisfy({ $0 == " " }) ?? false {
            throw ValidationError("--restart is a command, and this is none")
        }
    }

    func run() async throws {
        try await Program.run {
            if let path = specs.first {
                let spec = try SpecFile.read(path)
                if spec.runtime == "external" { return try await rollExternal(spec, path) }
                var options = options
                options.ensemble.name = options.ensemble.name ?? spec.name
                return try await rollOwn(options)
            }
            try await rollOwn(options)
        }
    }

    /// Servers that a launcher has started.
    private func rollOwn(_ options: ChangeOptions) async throws {
        try await options.change(leavingStopped: true) { wish, folder in
            let isDocker = wish.spec.runtime == "docker"
            if isDocker ? binary != nil : image != nil {
                throw Complaint(
                    "the servers of \(folder.name) are started from "
                        + (isDocker ? "an image: --image NAME" : "a program: --binary PATH"),
                    .misused)
            }
            if restart != nil {
                throw Complaint(
                    "the servers of \(folder.name) are restarted by aviary itself; leave --restart "
                        + "out", .misused)
            }
            let path = binary.map { Program.absolute($0) }
            if let path, !Program.isExecutable(path) {
                throw Complaint("\(path) is no program that could be started", .misused)
            }
            try wish.roll(ids, binary: path ?? image, mark: RollCommand.mark())
        }
    }

    /// Servers that somebody else has started.
    private func rollExternal(_ spec: EnsembleSpec, _ path: String) async throws {
        if binary != nil || image != nil {
            throw Complaint(
                "somebody else starts the servers of \(spec.name): put the new program in its place, and "
                    + "then restart each from it, with --restart COMMAND", .misused)
        }
        let means: ExternalRoll.Means
        if let restart {
            means = .command(restart)
        } else if Program.isAttended {
            means = .person
        } else {
            throw Complaint(
                "somebody else starts the servers of \(spec.name). Name the command that restarts one: "
                    + "aviary roll \(path) --restart 'ssh \"$AVIARY_HOST\" systemctl restart "
                    + "zookeeper'; or type it on a terminal without --restart, and restart each when "
                    + "it is named", .misused)
        }
        let roll = try ExternalRoll(
            spec, ids, by: means, seconds: options.timeout, home: options.ensemble.place.home
        ) { left in
            resume(left, path)
        }
        let authentication = try options.authentication()
        try await options.apply(
            { settings in
                var settings = settings
                settings.specFile = path
                return try ChangeApplier(roll, authentication: authentication, settings)
            },
            name: spec.name, done: { RollCommand.text(spec.name, $0) },
            interrupted: { "interrupted between two servers. To go on: \(resume(roll.left, path))" }
        )
    }

    private static func text(_ name: String, _ report: ChangeReport) -> String {
        "the roll of \(name) is done after \(report.stepCount.counted("step")) in "
            + "\(Int(report.seconds * 1000)) ms\n\(report.probe.text)"
    }

    /// The same for the servers that are left.
    private func resume(_ left: [Int], _ path: String) -> String {
        // Without ids it would be all of them.
        guard !left.isEmpty else { return "aviary wait \(RollCommand.quoted(path))" }
        var words = ["aviary roll", RollCommand.quoted(path)] + left.map(String.init)
        if let restart { words += ["--restart", RollCommand.quoted(restart)] }
        if let credential = options.credential {
            words += ["--credential", RollCommand.quoted(credential)]
        }
        if let directory = options.ensemble.place.directory {
            words += ["--dir", RollCommand.quoted(directory)]
        }
        if options.timeout != 60 {
            let isWhole = options.timeout == options.timeout.rounded()
            words += ["--timeout", isWhole ? "\(Int(options.timeout))" : "\(options.timeout)"]
        }
        if options.acceptOutage { words.append("--accept-outage") }
        return words.joined(separator: " ")
    }

    /// One word for the shell.
    private static func quoted(_ word: String) -> String {
        let plain = word.utf8.allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "/"), UInt8(ascii: "."),
                UInt8(ascii: "_"), UInt8(ascii: "-"):
                true
            default: false
            }
        }
        guard !plain || word.isEmpty else { return word }
        let parts = word.split(separator: "'", omittingEmptySubsequences: false)
        return "'" + parts.joined(separator: "'\\''") + "'"
    }

    /// No two rolls have the same.
    private static func mark() -> String {
        String(UInt64.random(in: .min ... .max), radix: 16)
    }
}
