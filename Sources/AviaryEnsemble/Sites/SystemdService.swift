// A server under systemd, on a host that has it: it is there again after a reboot.

internal import Storage

#if canImport(Darwin)
    import Darwin
#elseif canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#endif

/// The unit of one server that the launcher keeps.
struct SystemdService {
    private let path: String
    private let id: Int

    /// The server whose folder is `path`.
    init(path: String, id: Int) {
        self.path = path
        self.id = id
    }

    /// Whether systemd runs this machine and we may tell it what to do.
    static var isThere: Bool {
        let isRunning = (try? POSIXFileSystem().exists("/run/systemd/system")) ?? false
        return isRunning && getuid() == 0
    }

    private var name: String {
        let parts = path.split(separator: "/").suffix(2)
        return "aviary-\(parts.joined(separator: "-")).service"
    }

    private var file: String { "/etc/systemd/system/" + name }

    /// Whether there is such a unit.
    var isInstalled: Bool { (try? POSIXFileSystem().exists(file)) ?? false }

    /// The unit's text.
    func text(_ binary: String, _ variables: [String]) -> String {
        let environment = (variables + ["AVIARY_PID_FILE=\(path)/server.pid"]).map {
            "Environment=\(SystemdUnits.quoted($0))\n"
        }.joined()
        return """
            # Written by aviary's launcher, which also removes it.
            [Unit]
            Description=ZooKeeper server \(id) in \(path.replacing("%", with: "%%"))
            After=network-online.target
            Wants=network-online.target

            [Service]
            ExecStart=\(SystemdUnits.quoted(binary)) server \(SystemdUnits.quoted(path + "/zoo.cfg"))
            \(environment)StandardOutput=append:\(path.replacing("%", with: "%%"))/server.log
            StandardError=inherit
            Restart=on-failure
            RestartSec=2
            TimeoutStopSec=30
            LimitNOFILE=65536

            [Install]
            WantedBy=multi-user.target

            """
    }

    func start(_ binary: String, _ variables: [String]) throws {
        try AtomicFile.write(
            Array(text(binary, variables).utf8), to: file, in: POSIXFileSystem())
        try tell(["daemon-reload"])
        try tell(["reset-failed", name], mayFail: true)
        try tell(["enable", "--now", "--no-block", name])
        // Whoever looks next must not take it for one that has ended.
        let process = LocalProcess(path: path, id: id)
        for _ in 0..<500 where process.pid == nil { LocalEnsemble.sleep(milliseconds: 10) }
    }

    /// Stops it, also for the next boot; false if that cannot be said.
    func stop() -> Bool {
        (try? tell(["disable", "--now", "--no-block", name])) != nil
    }

    func remove() {
        guard isInstalled else { return }
        _ = stop()
        try? POSIXFileSystem().remove(file)
        try? tell(["daemon-reload"])
    }

    private func tell(_ words: [String], mayFail: Bool = false) throws(EnsembleError) {
        let result = Command.run(["systemctl"] + words)
        guard result.code == 0 || mayFail else {
            throw EnsembleError(
                "systemctl \(words.joined(separator: " ")): \(result.complaint). "
                    + "'systemctl status \(name)' there says more")
        }
    }
}
