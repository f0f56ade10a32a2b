import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import org.opensearch.Version;
import org.opensearch.common.logging.LogConfigurator;
import org.opensearch.common.settings.Settings;
import org.opensearch.env.Environment;
import org.opensearch.node.InternalSettingsPreparer;
import org.opensearch.node.Node;
import org.opensearch.plugins.PluginInfo;

/** Starts one node with the modules of the distribution, from the class path. Arguments are settings: name=value. */
public class OsLauncher {
    private static final List<String> MODULES = List.of(
        "org.opensearch.transport.Netty4ModulePlugin",
        "org.opensearch.analysis.common.CommonAnalysisModulePlugin",
        "org.opensearch.index.mapper.MapperExtrasModulePlugin");

    private static final class ClassPathNode extends Node {
        ClassPathNode(Environment environment, Collection<PluginInfo> plugins) {
            super(environment, plugins, false);
        }
    }

    public static void main(String[] arguments) throws Exception {
        Path home = Path.of(System.getProperty("opensearch.path.home")).toAbsolutePath();
        Settings.Builder settings = Settings.builder().put("path.home", home.toString()).put("node.name", "node");
        for (String argument : arguments) {
            int at = argument.indexOf('=');
            settings.put(argument.substring(0, at), argument.substring(at + 1));
        }
        Environment environment = InternalSettingsPreparer.prepareEnvironment(
            settings.build(), Map.of(), home.resolve("config"), () -> "node");
        LogConfigurator.registerErrorListener();
        LogConfigurator.setNodeName("node");
        LogConfigurator.configure(environment);
        List<PluginInfo> plugins = new ArrayList<>();
        for (String module : MODULES) {
            plugins.add(new PluginInfo(module, "a module on the class path", Version.CURRENT.toString(),
                Version.CURRENT, "21", module, null, List.of(), false));
        }
        Node node = new ClassPathNode(environment, plugins);
        Runtime.getRuntime().addShutdownHook(new Thread(() -> {
            try {
                node.close();
            } catch (Exception error) {
                error.printStackTrace();
            }
        }));
        node.start();
        new CountDownLatch(1).await();
    }
}
