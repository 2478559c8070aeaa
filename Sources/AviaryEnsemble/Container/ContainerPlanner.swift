// From what a container finds to what its start does. Pure: the same situation has the same plan,
// and the driver (EntrypointCommand) only carries it out.

internal import Configuration
internal import Jute
internal import Records

/// Plans the start of a container.
public enum ContainerPlanner {
    /// The first line of a zoo.cfg that is made anew at every start; a file without it is
    /// somebody's own, and stays as it is.
    public static let mark =
        "# Made by 'aviary entrypoint' from the environment, anew at every start."

    /// The plan, or all that is wrong; `verbs` are those of this program, which a container may be
    /// started with.
    public static func plan(
        _ situation: ContainerSituation, verbs: Set<String> = []
    ) throws(ContainerProblems) -> ContainerPlan {
        switch try ContainerCommand(situation.arguments, verbs: verbs) {
        case .serve(let directory, let file):
            var planner = ContainerServerPlanner(situation, directory: directory, file: file)
            return try planner.plan()
        case .status(let directory, let file):
            var planner = ContainerServerPlanner(situation, directory: directory, file: file)
            let serving = try planner.plan()
            var plan = ContainerPlan(.showVersion)
            if case .serve(let path) = serving.action {
                plan = ContainerPlan(.showStatus(configuration: path))
            }
            plan.client = serving.client
            return plan
        case .version: return ContainerPlan(.showVersion)
        case .shell(let words): return ContainerPlan(.shell(words))
        case .verb(let words): return ContainerPlan(.verb(words))
        case .execute(let words): return ContainerPlan(.execute(words))
        }
    }
}

/// Plans the start of a server.
struct ContainerServerPlanner {
    let situation: ContainerSituation
    var environment: ContainerEnvironment
    var settings = ContainerSettings()
    var notes: [String] = []
    private let directory: String
    private let file: String?

    init(_ situation: ContainerSituation, directory: String?, file: String?) {
        self.situation = situation
        var environment = ContainerEnvironment(situation)
        let places = ["ZOO_CONF_DIR", "ZOOCFGDIR"].compactMap { environment.place($0) }
        self.directory = directory ?? places.first ?? "/conf"
        let name = environment.place("ZOOCFG")
        self.file = file ?? name
        self.environment = environment
    }

    mutating func plan() throws(ContainerProblems) -> ContainerPlan {
        let name = file ?? "zoo.cfg"
        let path = name.contains("/") ? name : "\(directory)/\(name)"
        if let text = situation.read(path), !text.hasPrefix(ContainerPlanner.mark) {
            return try adopt(text, path)
        }
        if file != nil, situation.read(path) == nil {
            throw ContainerProblems(
                "there is no configuration \(path): mount it, or leave its name away to have one "
                    + "made from the environment")
        }
        return try generate(path)
    }

    // MARK: Somebody's own zoo.cfg

    private mutating func adopt(
        _ text: String, _ path: String
    ) throws(ContainerProblems) -> ContainerPlan {
        let settingsOfFile = PropertiesFile(text)
        var ignored = ContainerSettings()
        environment.apply(to: &ignored)
        guard environment.problems.isEmpty else { throw ContainerProblems(environment.problems) }
        var (configuration, problems) = ServerConfiguration.parse(text, file: path)
        var plan = ContainerPlan(.serve(configuration: path))
        // The server says itself what is wrong with its files.
        guard !problems.contains(where: { $0.severity == .error }) else { return plan }
        if let dynamic = settingsOfFile["dynamicConfigFile"]?.value,
            let members = situation.read(dynamic),
            let membership = try? DynamicFile.parse(members, file: dynamic)
        {
            configuration.membership = membership
        }
        problems = configuration.checkMembers(file: path)
        guard !problems.contains(where: { $0.severity == .error }) else { return plan }
        let names = Set(ignored.all.map(\.source)).sorted()
        if !names.isEmpty {
            notes.append(
                "\(path) is used as it is, without \(names.joined(separator: ", ")): remove the "
                    + "file to have one made from the environment")
        }
        plan.log = environment.log
        plan.directories = [configuration.dataDirectory]
        plan.storage = [configuration.dataDirectory, configuration.logDirectory]
        let id = try identify(configuration, &plan)
        plan.client = client(configuration, id)
        plan.notes = notes + environment.notes
        return plan
    }

    // MARK: A zoo.cfg from the environment

    private mutating func generate(_ path: String) throws(ContainerProblems) -> ContainerPlan {
        setDefaults()
        let problemsOfSpec = readSpec()
        environment.apply(to: &settings)
        guard environment.problems.isEmpty, problemsOfSpec.isEmpty else {
            throw ContainerProblems(environment.problems + problemsOfSpec)
        }
        let data = settings["dataDir"] ?? "/data"
        var path = path
        if settings["reconfigEnabled"] == "true" {
            // Its members change while it runs: they live with the data, not with the container.
            path = data + "/zoo.cfg"
            adoptCommitted(in: data)
        }
        let obsolete = try join(data)
        if settings["standaloneEnabled"] == "false", !hasMembers {
            settings.set(
                "server.\(environment.identity?.id ?? 1)", "localhost:2888:3888;2181",
                "the default")
        }
        let configuration = try parse(path)
        var plan = ContainerPlan(.serve(configuration: path))
        plan.log = environment.log
        plan.obsolete = obsolete
        plan.storage = [data, configuration.logDirectory]
        plan.directories = plan.storage
        if let cut = path.lastIndex(of: "/"), cut > path.startIndex {
            plan.directories.append(String(path[..<cut]))
        }
        let id = try identify(configuration, &plan)
        setListeners(configuration, id)
        let complete = try parse(path)
        plan.client = client(complete, id)
        plan.files.insert(ContainerPlan.File(path: path, text: text), at: 0)
        plan.notes = summary(of: complete, id)
        return plan
    }

    private var hasMembers: Bool {
        settings["dynamicConfigFile"] != nil
            || settings.all.contains { Membership.isKey($0.key) }
    }

    private mutating func setDefaults() {
        let (data, logs) = volumes
        let chosen = environment.place("ZOO_DATA_DIR")
        settings.set("dataDir", chosen ?? data, chosen == nil ? "the default" : "ZOO_DATA_DIR")
        let chosenLogs = environment.place("ZOO_DATA_LOG_DIR")
        settings.set(
            "dataLogDir", chosenLogs ?? logs, chosenLogs == nil ? "the default" : "ZOO_DATA_LOG_DIR"
        )
        for (key, value) in [
            ("tickTime", "2000"), ("initLimit", "5"), ("syncLimit", "2"),
            ("autopurge.snapRetainCount", "3"), ("autopurge.purgeInterval", "24"),
            ("maxClientCnxns", "60"), ("standaloneEnabled", "true"), ("admin.enableServer", "true"),
        ] {
            settings.set(key, value, "the default")
        }
    }

    /// The members that the ensemble has agreed upon go before any list in the environment.
    private mutating func adoptCommitted(in data: String) {
        let prefix = "zoo.cfg.dynamic."
        let names = (situation.list(data) ?? []).filter {
            $0.hasPrefix(prefix) && DynamicFile.version(ofFile: $0) > 0
        }
        let sorted = names.sorted {
            DynamicFile.version(ofFile: $0) > DynamicFile.version(ofFile: $1)
        }
        for name in sorted {
            let path = "\(data)/\(name)"
            guard let text = situation.read(path), !text.isEmpty,
                (try? DynamicFile.parse(text, file: path)) != nil
            else { continue }
            settings.remove { Membership.isKey($0.key) }
            settings.set("dynamicConfigFile", path, "the data volume")
            notes.append(
                "the members are those of \(path), on which the ensemble has agreed; a list in the "
                    + "environment counts at the first start only")
            return
        }
    }

    private func parse(_ path: String) throws(ContainerProblems) -> ServerConfiguration {
        var (configuration, problems) = ServerConfiguration.parse(text, file: path)
        if let file = settings["dynamicConfigFile"], let text = situation.read(file),
            let membership = try? DynamicFile.parse(text, file: file)
        {
            configuration.membership = membership
        }
        problems += configuration.checkMembers(file: path)
        let messages = problems.filter { $0.severity == .error }.map { problem in
            // The first line is the mark.
            let place = (problem.line ?? 0) - 2
            let source =
                settings.all.indices.contains(place) ? settings.all[place].source : "zoo.cfg"
            return "\(source): \(problem.message)"
        }
        guard messages.isEmpty else { throw ContainerProblems(messages) }
        return configuration
    }

    private var text: String {
        ContainerPlanner.mark + "\n" + settings.all.map { "\($0.key)=\($0.value)\n" }.joined()
    }

    /// Where it listens, as far as nobody has said.
    private mutating func setListeners(_ configuration: ServerConfiguration, _ id: Int?) {
        let own = id.flatMap { configuration.membership.member(ServerID(Int64($0))) }
        let member = configuration.isStandalone ? configuration.membership.members.first : own
        if member?.client == nil, configuration.clientPort == nil {
            settings.set("clientPort", "2181", "the default")
            if let member {
                notes.append("server.\(member.id) has no client port (;2181): 2181 is taken")
            }
        }
        guard let host = own?.quorum.host.description, !configuration.isStandalone,
            settings["quorumListenOnAllIPs"] == nil
        else { return }
        // A container's address may change under its name. Where addresses are written as numbers,
        // they are the host's own, and others of its networks are not to be opened.
        let isName = host != "localhost" && host.contains { $0.isLetter } && !host.contains(":")
        if isName { settings.set("quorumListenOnAllIPs", "true", "the default") }
    }

    // MARK: Identity

    /// Decides the id, and has it written where it is not yet.
    private mutating func identify(
        _ configuration: ServerConfiguration, _ plan: inout ContainerPlan
    ) throws(ContainerProblems) -> Int? {
        let path = configuration.dataDirectory + "/myid"
        var stored: Int?
        if let text = situation.read(path), !text.isEmpty {
            do throws(ConfigurationProblem) {
                stored = Int(try MyID.parse(text, file: path).rawValue)
            } catch {
                throw ContainerProblems(
                    "\(path): \(error.message). Correct it, or remove it and set ZOO_MY_ID")
            }
        }
        let members = configuration.membership.members
        let identity = ContainerIdentity(
            named: environment.identity, hostName: situation.hostName, file: path, stored: stored)
        let isAlone = configuration.isStandalone
        guard let decided = try identity.decide(among: members, isAlone: isAlone) else {
            return nil
        }
        if stored == nil {
            plan.files.append(ContainerPlan.File(path: path, text: "\(decided.id)\n"))
        }
        notes.append("server \(decided.id) by \(decided.reason)")
        if isAlone, members.isEmpty, decided.id > 1 {
            notes.append(
                "server \(decided.id) knows of no others and runs alone: ZOO_SERVERS lists them")
        }
        return decided.id
    }

    /// Where the server answers those in its own container.
    private func client(
        _ configuration: ServerConfiguration, _ id: Int?
    ) -> (host: String, port: Int) {
        let members = configuration.membership
        let member =
            configuration.isStandalone
            ? members.members.first : id.flatMap { members.member(ServerID(Int64($0))) }
        if let port = configuration.clientPort {
            return (configuration.clientPortAddress ?? "localhost", Int(port))
        }
        guard let client = member?.client else { return ("localhost", 2181) }
        return (client.isWildcard ? "localhost" : client.host.description, Int(client.port))
    }

    // MARK: What is said of it

    private func summary(of configuration: ServerConfiguration, _ id: Int?) -> [String] {
        var lines = notes + environment.notes
        if !environment.used.isEmpty {
            lines.append(
                "from the environment: \(environment.used.sorted().joined(separator: ", "))")
        }
        for setting in settings.all {
            let isSecret =
                setting.key.lowercased().contains("password") || setting.key.contains("superDigest")
            lines.append("zoo.cfg: \(setting.key)=\(isSecret ? "(not shown)" : setting.value)")
        }
        return lines
    }
}
