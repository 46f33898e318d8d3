using BeerTap.Bench.Load;

namespace BeerTap.Bench.Peers;

/// <summary>nginx with nchan, as Debian packages it: the nearest thing in C. It keeps messages in memory only.</summary>
internal sealed class Nchan : ChildPeer
{
    public const string Missing = "nginx with nchan is not installed: apt-get install nginx libnginx-mod-nchan";

    public static readonly Feed Feed = new("nchan", "/listen", Framing.WebSocket, null, null);

    private static readonly string[] Programs = ["/usr/sbin/nginx", "/usr/bin/nginx", "/usr/local/sbin/nginx"];
    private static readonly string[] Modules = ["/usr/lib/nginx/modules/ngx_nchan_module.so", "/usr/share/nginx/modules/ngx_nchan_module.so", "/usr/lib64/nginx/modules/ngx_nchan_module.so"];

    private readonly string _folder = Directory.CreateTempSubdirectory("beertap-nchan-").FullName;

    public static bool IsInstalled => Array.Exists(Programs, File.Exists) && Array.Exists(Modules, File.Exists);

    /// <summary>The worker; its master only watches.</summary>
    public override int ProcessId
    {
        get
        {
            var master = base.ProcessId;
            var children = File.ReadAllText($"/proc/{master}/task/{master}/children").Split(' ', StringSplitOptions.RemoveEmptyEntries);
            return children.Length == 0 ? master : int.Parse(children[0], System.Globalization.CultureInfo.InvariantCulture);
        }
    }

    protected override string[] Command => [Array.Find(Programs, File.Exists)!, "-p", _folder, "-c", Path.Combine(_folder, "nginx.conf"), "-e", Path.Combine(_folder, "error.log"), "-g", "daemon off;"];

    public override Task StartAsync(CancellationToken cancel)
    {
        File.WriteAllText(Path.Combine(_folder, "nginx.conf"), Configuration());
        return base.StartAsync(cancel);
    }

    public override async ValueTask DisposeAsync()
    {
        await base.DisposeAsync();
        Directory.Delete(_folder, recursive: true);
    }

    private string Configuration() => $$"""
        load_module {{Array.Find(Modules, File.Exists)}};
        {{(Environment.IsPrivilegedProcess ? "user root;" : "")}}
        worker_processes 1;
        worker_rlimit_nofile {{Machine.OpenFiles}};
        pid {{_folder}}/nginx.pid;
        events { worker_connections {{Machine.OpenFiles - 100}}; }
        http {
          access_log off;
          keepalive_requests 1000000000;
          keepalive_timeout 600s;
          client_body_temp_path {{_folder}}/body;
          proxy_temp_path {{_folder}}/proxy;
          fastcgi_temp_path {{_folder}}/fastcgi;
          uwsgi_temp_path {{_folder}}/uwsgi;
          scgi_temp_path {{_folder}}/scgi;
          nchan_max_reserved_memory 512m;
          server {
            listen 127.0.0.1:{{Port}} backlog=4096;
            location = /api/beers { nchan_publisher; nchan_channel_id beers; nchan_message_buffer_length 10000; nchan_message_timeout 1m; }
            location = /listen { nchan_subscriber websocket; nchan_channel_id beers; nchan_subscriber_first_message newest; }
          }
        }
        """;
}
