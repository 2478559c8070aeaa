// An ensemble as a stateful set: who a pod is, it learns from its ordinal; what has changed is
// carried out by a job, never by a probe.

internal import Jute

/// Renders manifests for Kubernetes.
public struct KubernetesManifests {
    private let spec: EnsembleSpec
    private let placed: EnsembleSpec
    private let options: RenderOptions
    private let name: String
    /// Those of every pod.
    private let ports: Ports
    /// The files that a secret holds.
    private let files: [(path: String, name: String)]

    /// The manifests of a spec, in one file.
    public static func render(
        _ spec: EnsembleSpec, _ options: RenderOptions
    ) throws(EnsembleError) -> RenderedFile {
        guard spec.servers.map(\.id) == Array(1...spec.servers.count) else {
            let ids = spec.servers.map { String($0.id) }.joined(separator: ", ")
            throw EnsembleError(
                .wrong,
                "the pods of a stateful set are numbered without gaps, so the servers must be 1 to "
                    + "\(spec.servers.count), and the spec has \(ids)")
        }
        if let server = spec.servers.first(where: { !$0.config.isEmpty }) {
            throw EnsembleError(
                .wrong,
                "server \(server.id) has keys of its own, and all pods of a stateful set are alike: "
                    + "move them to the config of all")
        }
        let files = TLSFiles.names(try TLSFiles.paths(spec.config))
        let text = try KubernetesManifests(spec, options, files).text()
        return RenderedFile(name: "kubernetes.yaml", text: text)
    }

    private init(
        _ spec: EnsembleSpec, _ options: RenderOptions, _ files: [(path: String, name: String)]
    ) {
        self.spec = spec
        self.options = options
        self.files = files
        ports = KubernetesManifests.ports(of: spec)
        name = KubernetesManifests.name(spec.name)
        var placed = spec
        for index in placed.servers.indices {
            placed.servers[index].host = "\(name)-\(index).\(name)-servers"
            placed.servers[index].ports = Ports(client: 2181, quorum: 2888, election: 3888)
        }
        self.placed = placed
    }

    /// The ports of pods, which are all alike: those that all servers of the spec have, else the
    /// usual ones.
    static func ports(of spec: EnsembleSpec) -> Ports {
        var ports = Ports(client: 2181, quorum: 2888, election: 3888)
        func shared(_ kind: KeyPath<Ports, Int?>, else usual: Int) -> Int? {
            let chosen = Set(spec.servers.compactMap { $0.ports[keyPath: kind] })
            guard let first = chosen.first else { return nil }
            let taken = ports.ofTheEnsemble + [8080, ports.secureClient].compactMap { $0 }
            return chosen.count == 1 && !taken.contains(first) ? first : usual
        }
        ports.secureClient = shared(\.secureClient, else: 2281)
        ports.metrics = shared(\.metrics, else: 7000)
        return ports
    }

    /// A name that a service may have.
    static func name(_ ensemble: String) -> String {
        let letters = ensemble.lowercased().map { $0 == "." || $0 == "_" ? "-" : $0 }
        let trimmed = String(letters).split(separator: "-").joined(separator: "-").prefix(40)
        let word = trimmed.split(separator: "-").joined(separator: "-")
        return word.first?.isLetter ?? false ? word : "zk-" + word
    }

    private func text() throws(EnsembleError) -> String {
        let count = spec.servers.count
        let head = """
            # The ensemble \(spec.name), \(RenderText.servers(count)), made by 'aviary render kubernetes'.
            # 'kubectl apply -f FILE' starts it; within the namespace clients connect to \(name):2181\(tlsPlace).
            \(howToMakeFiles)#
            # To grow it, render a spec of more servers with '--first \(firstCount)' and '--credential FILE' (the line
            # user:password below), and apply that: new pods join without a vote, and the job makes members
            # of them once they are in step. To shrink it, apply the config map and the job first, then the rest.

            """
        let documents = [
            services, disruptionBudget, secret, try configMap(), try statefulSet(), job,
        ]
        return head + documents.map { "---\n" + $0 }.joined()
    }

    private var tlsPlace: String {
        ports.secureClient.map { ", with TLS to \(name):\($0)" } ?? ""
    }

    /// What to type first, where servers need files that no manifest holds.
    private var howToMakeFiles: String {
        guard !files.isEmpty else { return "" }
        let words = files.map {
            " \\\n#     --from-file=\($0.name)=\(RenderText.shellWord($0.path))"
        }
        return """
            #
            # The files of TLS come from a secret, which is to be made first (\(name)-tls; the paths behind = are
            # those on your machine), and mounted where the spec names them:
            #   kubectl create secret generic \(name)-tls\(words.joined())
            # When it has changed: kubectl rollout restart statefulset/\(name)

            """
    }

    private var firstCount: Int {
        min(options.firstCount ?? spec.servers.count, spec.servers.count)
    }

    private var labels: String {
        "{app.kubernetes.io/name: zookeeper, app.kubernetes.io/instance: \(name)}"
    }

    private var services: String {
        """
        # The names of the pods, also while they are not ready: or no quorum would ever form.
        apiVersion: v1
        kind: Service
        metadata:
          name: \(name)-servers
          labels: \(labels)
        spec:
          clusterIP: None
          publishNotReadyAddresses: true
          selector: \(labels)
          ports:
            - {name: client, port: 2181}
            - {name: quorum, port: 2888}
            - {name: election, port: 3888}
        \(servicePorts([("client-tls", ports.secureClient), ("metrics", ports.metrics)]))---
        # Where clients connect: whoever is in the quorum.
        apiVersion: v1
        kind: Service
        metadata:
          name: \(name)
          labels: \(labels)
        spec:
          selector: \(labels)
          ports:
            - {name: client, port: 2181}
        \(servicePorts([("client-tls", ports.secureClient)]))
        """
    }

    private func servicePorts(_ ports: [(name: String, port: Int?)]) -> String {
        ports.map { name, port in
            port.map { "    - {name: \(name), port: \($0)}\n" } ?? ""
        }.joined()
    }

    private var disruptionBudget: String {
        """
        # Nodes are drained one after the other.
        apiVersion: policy/v1
        kind: PodDisruptionBudget
        metadata:
          name: \(name)
          labels: \(labels)
        spec:
          maxUnavailable: 1
          selector:
            matchLabels: \(labels)

        """
    }

    private var secret: String {
        let credential = OperatorCredential(authentication: options.authentication)
        return """
            # Who may change the members: the job knows the password, the servers its digest.
            apiVersion: v1
            kind: Secret
            metadata:
              name: \(name)-operator
              labels: \(labels)
            type: Opaque
            stringData:
              credential: \(RenderText.quoted(credential.authentication))
              digest: \(RenderText.quoted(credential.digest))

            """
    }

    /// The spec that the job brings the ensemble to.
    private func configMap() throws(EnsembleError) -> String {
        let servers = placed.servers.map { server in
            var line = "  - {id: \(server.id), host: \(server.host)"
            if server.isObserver { line += ", role: observer" }
            if let group = server.group { line += ", group: \(group)" }
            if let weight = server.weight { line += ", weight: \(weight)" }
            return line + ", ports: {client: 2181, quorum: 2888, election: 3888}}"
        }
        let yaml = (["version: 1", "ensemble: \(name)", "runtime: external", "servers:"] + servers)
            .joined(separator: "\n")
        return """
            # What is wanted of the members.
            apiVersion: v1
            kind: ConfigMap
            metadata:
              name: \(name)-spec
              labels: \(labels)
            data:
              \(name).yaml: |
            \(RenderText.indented(yaml, by: 4))

            """
    }

    private func statefulSet() throws(EnsembleError) -> String {
        var first = placed
        first.servers = Array(placed.servers.prefix(firstCount))
        let members = ContainerVariables.members(first).map { "                \($0)\n" }.joined()
        let container = ContainerVariables(spec: spec)
        let variables = try container.common() + container.own(ports)
        let environment = variables.filter {
            !["ZOO_STANDALONE_ENABLED", "ZOO_CFG_reconfigEnabled"].contains($0.name)
        }.map {
            "            - {name: \($0.name), value: \(RenderText.quoted($0.value))}\n"
        }.joined()
        return KubernetesStatefulSet(
            name: name, labels: labels, image: options.image, count: spec.servers.count,
            members: members, environment: environment, ports: ports, files: files
        ).text
    }

    private var job: String {
        // A job cannot be changed, so every other list of members has a job of another name.
        let list = ContainerVariables.members(placed).joined(separator: " ")
        let mark = String(list.utf8.reduce(UInt32(5381)) { ($0 &* 33) ^ UInt32($1) }, radix: 16)
        return """
            # Brings the members to what is wanted, once; there is nothing to do the first time.
            apiVersion: batch/v1
            kind: Job
            metadata:
              name: \(name)-apply-\(mark)
              labels: \(labels)
            spec:
              backoffLimit: 20
              ttlSecondsAfterFinished: 3600
              template:
                spec:
                  restartPolicy: OnFailure
                  automountServiceAccountToken: false
                  securityContext: {runAsNonRoot: true, runAsUser: 1000, fsGroup: 1000, seccompProfile: {type: RuntimeDefault}}
                  containers:
                    - name: apply
                      image: \(RenderText.quoted(options.image))
                      args: [apply, /spec/\(name).yaml, --credential, /operator/credential, --timeout, "300"]
                      securityContext: {allowPrivilegeEscalation: false, readOnlyRootFilesystem: true, capabilities: {drop: [ALL]}}
                      volumeMounts:
                        - {name: spec, mountPath: /spec, readOnly: true}
                        - {name: operator, mountPath: /operator, readOnly: true}
                  volumes:
                    - {name: spec, configMap: {name: \(name)-spec}}
                    - {name: operator, secret: {secretName: \(name)-operator, items: [{key: credential, path: credential}]}}

            """
    }
}
