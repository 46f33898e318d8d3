# One file, two images: the hub and the tap simulator.
#   docker build -t beertap/server .
#   docker build -t beertap/client --target client .
# The hub with its LiteDB store compiled in: --build-arg LITEDB=true

# The runtime has no shell and no package manager, and its user is not root; so nothing runs in it but `dotnet`.
ARG SDK=mcr.microsoft.com/dotnet/sdk:10.0
ARG RUNTIME=mcr.microsoft.com/dotnet/aspnet:10.0-noble-chiseled

# Packages first: this layer is built again only when a project file changes, not when the code does.
# --ucr: only this machine's kind of native libraries.
FROM ${SDK} AS restored
ARG LITEDB=false
WORKDIR /src
COPY .editorconfig BannedSymbols.txt Directory.Build.props Directory.Packages.props global.json ./
COPY Server/Server.csproj Server/
COPY Client/Client.csproj Client/
RUN dotnet restore Server --ucr -p:LiteDb=${LITEDB} && dotnet restore Client --ucr

FROM restored AS client-published
COPY Client/ Client/
RUN dotnet publish Client -c Release --ucr --no-self-contained --no-restore -p:UseAppHost=false -p:DebugType=none -o /published && mkdir /data

FROM restored AS server-published
ARG LITEDB=false
COPY Server/ Server/
RUN dotnet publish Server -c Release --ucr --no-self-contained --no-restore -p:UseAppHost=false -p:DebugType=none -p:LiteDb=${LITEDB} -o /published && mkdir /data

# The tap simulator: INET_ADDR says where the hub is, TAP_ID which tap it plays; in /data it may keep its spool.
FROM ${RUNTIME} AS client
LABEL org.opencontainers.image.title="BeerTap client" \
      org.opencontainers.image.description="Plays beer taps: posts pours to a BeerTap hub and tells what its feed says"
WORKDIR /app
COPY --from=client-published /published ./
COPY --from=client-published --chown=${APP_UID}:${APP_UID} /data /data
USER ${APP_UID}
STOPSIGNAL SIGTERM
ENTRYPOINT ["dotnet", "BeerTap.Client.dll"]

# The hub: port 8338 on every interface, the store in /data.
FROM ${RUNTIME} AS server
LABEL org.opencontainers.image.title="BeerTap server" \
      org.opencontainers.image.description="Real-time hub for beer taps: pours in over REST, exactly once; every change out over SignalR, WebSocket and SSE"
ENV ASPNETCORE_HTTP_PORTS=8338 \
    BeerTap__Storage__Path=/data
WORKDIR /app
COPY --from=server-published /published ./
COPY --from=server-published --chown=${APP_UID}:${APP_UID} /data /data
VOLUME /data
EXPOSE 8338
USER ${APP_UID}
STOPSIGNAL SIGTERM
# The program asks itself: there is no curl here. It exits with 0 while the hub lives; an orchestrator kills a container that is
# not healthy, which mends a stuck hub but not, say, a full disk. Whether it is ready to serve: --health=ready.
HEALTHCHECK --interval=15s --timeout=5s --start-period=30s --retries=3 CMD ["dotnet", "BeerTap.Server.dll", "--health=live"]
ENTRYPOINT ["dotnet", "BeerTap.Server.dll"]
