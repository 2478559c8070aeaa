import ArgumentParser
import AviaryEnsemble

/// The verb `aviary up [SPEC] [-n 3] [--detach]`.
struct UpCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "up",
        abstract: "Start an ensemble on this machine and wait until it is ready.",
        discussion: """
            Three servers, unless told otherwise. In the foreground it shows their logs until \
            Ctrl-C, which stops all of them cleanly. Run again, it goes on with the same data \
            and ports.
            """)

    @Argument(
        help: "The ensemble spec, a YAML file; three servers without one.",
        completion: .file(extensions: ["yaml", "yml"]))
    var spec: String?

    @Option(
        name: [.customShort("n"), .customLong("servers")], parsing: .unconditional,
        help: "How many servers.")
    var count: Int?

    @Flag(name: .long, help: "Leave the servers running in the background.")
    var detach = false

    @OptionGroup var ensemble: EnsembleOptions
    @OptionGroup var output: OutputOptions

    @Option(
        name: .long, parsing: .unconditional,
        help: "Seconds to wait until the ensemble is ready.")
    var timeout = 60.0

    func validate() throws {
        if let count, !(1...255).contains(count) {
            throw ValidationError("-n is the number of servers, 1 to 255")
        }
        if count != nil, spec != nil {
            throw ValidationError("a spec says how many servers there are: leave -n out")
        }
        if output.json, !detach {
            throw ValidationError("--json goes with --detach: the foreground shows logs")
        }
        try Patience.check(timeout)
    }

    func run() throws {
        try Program.run {
            let begun = LocalEnsemble.seconds()
            let interruption = Interruption()
            let wanted = try spec.map { try SpecFile.read($0) }
            let folder = try folder(wanted)
            let (chosen, started) = try folder.exclusivelyBeginning(for: "up") {
                try start(wanted, in: folder)
            }
            try Readiness(chosen, started, since: begun, isDetached: detach)
                .await(seconds: timeout, interruption, output)
            if let left = chosen.resumption?.left, !left.isEmpty {
                Program.note(
                    "the spec differs from what runs: \(left.text); 'aviary apply \(spec ?? "SPEC")' "
                        + "takes it")
            }
            chosen.noteUnfinishedChange()
            try makeCurrent(chosen.folder.name)
            if detach { return }
            if started.isEmpty {
                Program.note("the servers ran already; Ctrl-C stops them, here too")
            }
            try Supervisor(chosen).run(until: interruption)
        }
    }

    /// The one that was started last is the one that is meant from now on.
    private func makeCurrent(_ name: String) throws {
        let home = ensemble.place.home
        guard home.names.count > 1, (try? home.find(nil).name) != name else { return }
        try home.use(name)
        Program.note("\(name) is the current ensemble; 'aviary use NAME' chooses another")
    }

    /// Starts what does not run, and says what is not as it was before.
    private func start(
        _ wanted: EnsembleSpec?, in folder: EnsembleFolder
    ) throws -> (LocalEnsemble, started: [Int]) {
        var chosen = try choose(wanted, in: folder)
        let wished = chosen.spec.servers
        if let taken = chosen.resumption?.taken, !taken.isEmpty {
            Program.note("starting with what the spec has changed: \(taken.text)")
        }
        let started = try chosen.start()
        if let spec { try folder.rememberSpecFile(Program.absolute(spec)) }
        for (old, new) in zip(wished, chosen.spec.servers)
        where old.ports.client != new.ports.client {
            Program.note(
                "port \(old.ports.client) is taken by another program: clients find server "
                    + "\(new.id) at \(chosen.spec.clientHost(of: new)):\(new.ports.client), now and later"
            )
        }
        return (chosen, started)
    }

    /// Where the ensemble is, or is to be.
    private func folder(_ wanted: EnsembleSpec?) throws -> EnsembleFolder {
        if let wanted, wanted.runtime == "external" {
            throw Complaint(
                "somebody else starts the servers of runtime external. 'aviary generate "
                    + "\(spec ?? "SPEC") --out DIR' writes its files, and 'aviary server zoo.cfg' "
                    + "starts one server", .inputIsWrong)
        }
        let home = ensemble.place.home
        let name = try ensemble.name ?? wanted?.name ?? known(in: home) ?? "local"
        return home.folder(name)
    }

    /// The ensemble of the spec, the one that is there, or a new one of servers on this machine.
    private func choose(
        _ wanted: EnsembleSpec?, in folder: EnsembleFolder
    ) throws -> LocalEnsemble {
        let name = folder.name
        let known = try folder.load()
        if let count, let known, known.servers.count != count {
            throw Complaint(
                "ensemble \(name) has \(known.servers.count) servers, not \(count). 'aviary up "
                    + "--ensemble \(name)' starts them, and 'aviary scale \(count)' changes their "
                    + "number; --ensemble NAME starts another ensemble", .misused)
        }
        let spec = wanted ?? known ?? EnsembleSpec.local(name: name, count: count ?? 3)
        return try LocalEnsemble(spec, in: folder, binary: Program.path)
    }

    /// The ensemble that goes on when none is named; nil if there is none at all.
    private func known(in home: EnsembleHome) throws -> String? {
        let names = home.names
        if names.isEmpty { return nil }
        // What 'up' alone has made is what 'up' alone goes on with.
        if home.current == nil, names.contains("local") { return "local" }
        return try home.find(nil).name
    }
}
