#include "replicator/config/config_values.h"

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <utility>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "replicator/config/properties.h"

namespace replicator {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

class ConfigValuesTest : public ::testing::Test {
 protected:
  ConfigValuesTest() : folder_(std::filesystem::path(::testing::TempDir()) / "config_values_test") {
    std::filesystem::create_directories(folder_);
    ::setenv("CONFIG_VALUES_TEST", "from the environment", /*overwrite=*/1);
    ::unsetenv("CONFIG_VALUES_UNSET");
  }
  ~ConfigValuesTest() override {
    std::filesystem::remove_all(folder_);
    ::unsetenv("CONFIG_VALUES_TEST");
  }

  std::string Write(const std::string& name, const std::string& bytes) const {
    const std::string path = (folder_ / name).string();
    std::ofstream(path, std::ios::binary) << bytes;
    return path;
  }

  // Of the key in the last line of `text`.
  static absl::StatusOr<std::string> Resolve(const std::string& text) {
    const absl::StatusOr<Properties> properties = Properties::Parse(text, "f");
    EXPECT_TRUE(properties.ok()) << properties.status();
    return ConfigValues(*properties).Resolve(properties->entries().back());
  }

  static std::string ValueOf(const std::string& text) {
    absl::StatusOr<std::string> value = Resolve(text);
    EXPECT_TRUE(value.ok()) << value.status();
    return value.ok() ? *std::move(value) : "";
  }

  static std::string ErrorOf(const std::string& text) {
    const absl::StatusOr<std::string> value = Resolve(text);
    EXPECT_FALSE(value.ok()) << text << " gives " << *value;
    return value.ok() ? "" : std::string(value.status().message());
  }

  const std::filesystem::path folder_;
};

TEST_F(ConfigValuesTest, TakesTheEnvironmentWithOrWithoutADeclaration) {
  EXPECT_EQ(ValueOf("k=${env:CONFIG_VALUES_TEST}"), "from the environment");
  EXPECT_EQ(ValueOf("k=<${env:CONFIG_VALUES_TEST}|${env:CONFIG_VALUES_TEST}>"),
            "<from the environment|from the environment>");
  for (const char* class_name :
       {"org.apache.kafka.common.config.provider.EnvVarConfigProvider", "io.strimzi.kafka.EnvVarConfigProvider"}) {
    EXPECT_EQ(ValueOf(std::string("config.providers=vars\nconfig.providers.vars.class=") + class_name +
                      "\nk=${vars:CONFIG_VALUES_TEST}"),
              "from the environment");
  }
}

TEST_F(ConfigValuesTest, TakesAKeyOfAFileInUtf8) {
  const std::string path = Write("secrets", "user=x\npass\\:word=p\xC3\xA4\xE2\x82\xAC\xF0\x9F\x98\x80\\u00e4$word\n");
  EXPECT_EQ(ValueOf("k=${file:" + path + ":pass:word}"), "p\xC3\xA4\xE2\x82\xAC\xF0\x9F\x98\x80\xC3\xA4$word");
  EXPECT_EQ(ValueOf("config.providers=f\nconfig.providers.f.class="
                    "org.apache.kafka.common.config.provider.FileConfigProvider\nk=${f:" +
                    path + ":user}"),
            "x");
}

TEST_F(ConfigValuesTest, ReplacesBytesThatAreNotUtf8AsJavaDoes) {
  const std::string path = Write("secrets", "k=a\xE4z\xC0\x80\xE2\x82\n");
  EXPECT_EQ(ValueOf("k=${file:" + path + ":k}"), "a\xEF\xBF\xBDz\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD");
}

TEST_F(ConfigValuesTest, TakesAWholeFileOfAFolder) {
  Write("password", "line one\nline two");
  EXPECT_EQ(ValueOf("k=${directory:" + folder_.string() + ":password}"), "line one\nline two");
}

TEST_F(ConfigValuesTest, KeepsToThePathsThatAProviderMayRead) {
  Write("password", "p");
  const std::string path = Write("secrets", "user=x\n");
  const std::string folder = folder_.string();
  const std::string reads = "k=<${file:" + path + ":user}${directory:" + folder + ":password}>";
  for (const std::string& allowed : {folder, folder + "/", "/no, " + folder + "/x/..", std::string()}) {
    EXPECT_EQ(ValueOf("config.providers.file.param.allowed.paths=" + allowed +
                      "\nconfig.providers.directory.param.allowed.paths=" + allowed + "\n" + reads),
              "<xp>");
  }
  for (const std::string& allowed : {folder + "/other", folder.substr(0, folder.size() - 1), std::string("/no")}) {
    EXPECT_THAT(ErrorOf("config.providers.file.param.allowed.paths=" + allowed + "\n" + reads),
                HasSubstr("which config.providers.file.param.allowed.paths does not allow"));
    EXPECT_THAT(ErrorOf("config.providers.directory.param.allowed.paths=" + allowed + "\n" + reads),
                HasSubstr("which config.providers.directory.param.allowed.paths does not allow"));
  }
  EXPECT_THAT(ErrorOf("config.providers.file.param.allowed.paths=" + folder + "\nk=${file:" + folder +
                      "/../config_values_test_2:user}"),
              HasSubstr("does not allow"));
  EXPECT_THAT(ErrorOf("config.providers.file.param.allowed.paths=here\n" + reads), HasSubstr("not an absolute path"));
}

TEST_F(ConfigValuesTest, KeepsToTheVariablesThatAProviderMayRead) {
  const std::string pattern = "config.providers.env.param.allowlist.pattern=";
  EXPECT_EQ(ValueOf(pattern + "CONFIG_.*\nk=${env:CONFIG_VALUES_TEST}"), "from the environment");
  for (const char* other : {"CONFIG", "PATH|HOME", ""}) {
    EXPECT_THAT(ErrorOf(pattern + other + "\nk=${env:CONFIG_VALUES_TEST}"),
                HasSubstr("which config.providers.env.param.allowlist.pattern does not allow"));
  }
  EXPECT_THAT(ErrorOf(pattern + "(\nk=${env:CONFIG_VALUES_TEST}"), HasSubstr("cannot be looked up"));
}

TEST_F(ConfigValuesTest, DoesNotLookAgainAtWhatAProviderFound) {
  const std::string path = Write("secrets", "k=${env:CONFIG_VALUES_UNSET} $HOME\n");
  EXPECT_EQ(ValueOf("k=${file:" + path + ":k}"), "${env:CONFIG_VALUES_UNSET} $HOME");
}

TEST_F(ConfigValuesTest, NamesAVariableThatIsNotSet) {
  EXPECT_THAT(ErrorOf("A.bootstrap.servers=${env:CONFIG_VALUES_UNSET}"),
              AllOf(HasSubstr("`A.bootstrap.servers`"), HasSubstr("environment variable `CONFIG_VALUES_UNSET`"),
                    HasSubstr("set it where replicator is started")));
}

TEST_F(ConfigValuesTest, NamesAFileThatIsNotThere) {
  EXPECT_THAT(ErrorOf("k=${file:/no/such/file:key}"), HasSubstr("cannot read /no/such/file: No such file"));
  EXPECT_THAT(ErrorOf("k=${directory:/no/such/folder:name}"), HasSubstr("cannot read /no/such/folder/name"));
  EXPECT_THAT(ErrorOf("k=${directory:/etc:../etc/passwd}"), HasSubstr("is not the name of a file"));
}

TEST_F(ConfigValuesTest, NamesAKeyThatIsNotInTheFileAndShowsNoOther) {
  const std::string path = Write("secrets", "other=hidden\n");
  EXPECT_THAT(ErrorOf("k=${file:" + path + ":password}"),
              AllOf(HasSubstr("the key `password` of the file `" + path + "`"), Not(HasSubstr("hidden"))));
}

TEST_F(ConfigValuesTest, RefusesProvidersThatItDoesNotHave) {
  EXPECT_THAT(ErrorOf("k=${vault:secret/kafka:password}"),
              AllOf(HasSubstr("`vault`"), HasSubstr("does not declare"), HasSubstr("config.providers.vault.class=")));
  EXPECT_THAT(ErrorOf("config.providers=vault\nconfig.providers.vault.class=com.example.Vault\nk=${vault:a:b}"),
              AllOf(HasSubstr("`vault`"), HasSubstr("Java class cannot be loaded")));
  EXPECT_THAT(ErrorOf("k=${env:path:NAME}"), HasSubstr("environment variables have none: write ${env:NAME}"));
}

TEST_F(ConfigValuesTest, RefusesAShellVariableThatNobodyExpanded) {
  for (const char* line : {"old.bootstrap.servers=$OLD_SERVERS", "old.bootstrap.servers=${OLD_SERVERS}",
                           "b=a:1,$OLD_SERVERS", "topics=a.*,orders-$OLD_SERVERS", "b=host$OLD_SERVERS:9092",
                           "b=x${OLD_SERVERS}", "b=${env:CONFIG_VALUES_TEST}$OLD_SERVERS"}) {
    EXPECT_THAT(ErrorOf(line), AllOf(HasSubstr("holds `$OLD_SERVERS`"), HasSubstr("was not expanded"),
                                     HasSubstr("${env:OLD_SERVERS}")))
        << line;
  }
  EXPECT_THAT(ErrorOf("topics=orders$name"), HasSubstr("holds `$name`"));
}

TEST_F(ConfigValuesTest, RefusesASecretThatIsAShellVariableWithoutShowingIt) {
  for (const char* line :
       {"A.ssl.key.password=$MY_PASSWORD", "A.ssl.key.password= ${MY_PASSWORD} ",
        "A.sasl.jaas.config=X required username=\"a\" password=\"$MY_PASSWORD\";", "A.sasl.jaas.config=$MY_PASSWORD"}) {
    EXPECT_THAT(ErrorOf(line),
                AllOf(HasSubstr("was not expanded"), HasSubstr("${file:PATH:KEY}"), Not(HasSubstr("MY_PASSWORD"))))
        << line;
  }
}

TEST_F(ConfigValuesTest, LetsADollarPassThatCanMeanSomethingElse) {
  for (const char* value : {"orders-.*$", "^a$|^b$", "(a$)", "a$,b$", "\\\\$HOME", "org.example.Outer$Inner", "$", "$$",
                            "5$", "$5", "${", "${}", "${1}", "x$"}) {
    EXPECT_TRUE(Resolve("topic.filter.class=" + std::string(value)).ok()) << value;
  }
  for (const char* value : {"orders-.*$", "^a$|^b$", "(a$)", "a$,b$", "x$"}) {
    EXPECT_TRUE(Resolve("topics=" + std::string(value)).ok()) << value;
  }
  for (const char* value : {"pa$word", "$ecret", "pa$WORD", "$A", "X required password=\"pa$WORD\";",
                            "X required password=\"$ecret\" $A;"}) {
    EXPECT_TRUE(Resolve("sasl.jaas.config=" + std::string(value)).ok()) << value;
  }
}

}  // namespace
}  // namespace replicator
